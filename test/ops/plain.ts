/*
 * Tensor operations in plain loops, as references for ops. They compute each entry by its index, as in a textbook, and
 * use no code of the library.
 */

/** Tensor of plain numbers. */
export interface Plain {
  readonly shape: readonly number[];
  /** Entries in row-major order. */
  readonly data: readonly number[];
}

/** Position along each axis. */
export type Indices = readonly number[];

/** Tensor of this shape. Its entry at each index is `entry(index)`. */
export function build(shape: readonly number[], entry: (index: Indices) => number): Plain {
  return { shape, data: indicesOf(shape).map(entry) };
}

/** Entry of a tensor at an index of the shape that it broadcasts to. */
export function at({ shape, data }: Plain, index: Indices): number {
  const trailing = index.slice(index.length - shape.length);
  const position = shape.reduce((sum, length, axis) => {
    return sum * length + (length === 1 ? 0 : (trailing[axis] as number));
  }, 0);
  return data[position] as number;
}

/** Applies `f` to each entry, with NumPy's broadcasting. */
export const elementwise =
  (f: (...entries: number[]) => number) =>
  (...operands: Plain[]): Plain =>
    build(broadcast(operands), index => f(...operands.map(operand => at(operand, index))));

/** Shape that all operands broadcast to. */
export function broadcast(operands: readonly Plain[]): number[] {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = operands.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
    return lengths.find(length => length !== 1) ?? 1;
  });
}

/** Reduces `axes` by `f`. The result has these axes removed, or keeps them with length 1. */
export const reduced =
  (f: (entries: number[]) => number, axes: readonly number[], keepDims = false) =>
  (a: Plain): Plain => {
    const kept = a.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const { data } = build(kept, index => f(group(a, axes, index)));
    return { shape: keepDims ? kept : a.shape.filter((_, axis) => !axes.includes(axis)), data };
  };

/** Applies `f` to each entry. The second argument of `f` is the list of all entries along `axes`. */
export const alongAxes =
  (f: (entry: number, entries: number[]) => number, axes: readonly number[]) =>
  (a: Plain): Plain =>
    build(a.shape, index => f(at(a, index), group(a, axes, index)));

/** Entries whose index differs from `index` only in `axes`. */
function group(a: Plain, axes: readonly number[], index: Indices): number[] {
  return indicesOf(a.shape)
    .filter(other => other.every((position, axis) => axes.includes(axis) || position === index[axis]))
    .map(other => at(a, other));
}

/** All indices of a tensor of this shape, in row-major order. */
export function indicesOf(shape: readonly number[]): Indices[] {
  const [length, ...rest] = shape;
  if (length === undefined) return [[]];
  return Array.from({ length }, (_, i) => indicesOf(rest).map(tail => [i, ...tail])).flat();
}

export const total = (entries: readonly number[]): number => entries.reduce((sum, entry) => sum + entry, 0);
export const average = (entries: readonly number[]): number => total(entries) / entries.length;
