/*
 * Tensors in plain loops: what the ops are compared with. Everything is said by index, as in a textbook, and nothing is
 * shared with the library.
 */

export interface Plain {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: readonly number[];
}

/** One position for each axis. */
export type Indices = readonly number[];

/** The tensor of this shape whose entry at each index is given by `entry`. */
export function build(shape: readonly number[], entry: (index: Indices) => number): Plain {
  return { shape, data: indicesOf(shape).map(entry) };
}

/** The entry at an index, which may have more axes in front; along an axis of length 1 there is but one. */
export function at({ shape, data }: Plain, index: Indices): number {
  const own = index.slice(index.length - shape.length);
  const position = shape.reduce((sum, length, axis) => {
    return sum * length + (length === 1 ? 0 : (own[axis] as number));
  }, 0);
  return data[position] as number;
}

/** A function of one entry of each, NumPy's rule for shapes that differ. */
export const elementwise =
  (f: (...entries: number[]) => number) =>
  (...operands: Plain[]): Plain =>
    build(broadcast(operands), index => f(...operands.map(operand => at(operand, index))));

/** The shape that all broadcast to: aligned at the last axis, the length that is not 1. */
export function broadcast(operands: readonly Plain[]): number[] {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = operands.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
    return lengths.find(length => length !== 1) ?? 1;
  });
}

/** A function of all entries that differ in `axes` alone, which go, or stay with length 1. */
export const reduced =
  (f: (entries: number[]) => number, axes: readonly number[], keepDims = false) =>
  (a: Plain): Plain => {
    const along = { shape: a.shape.map((length, axis) => (axes.includes(axis) ? 1 : length)) };
    const { data } = build(along.shape, index => f(group(a, axes, index)));
    return { shape: keepDims ? along.shape : a.shape.filter((_, axis) => !axes.includes(axis)), data };
  };

/** A function of each entry and of all that differ from it in `axes` alone. */
export const alongAxes =
  (f: (entry: number, entries: number[]) => number, axes: readonly number[]) =>
  (a: Plain): Plain =>
    build(a.shape, index => f(at(a, index), group(a, axes, index)));

function group(a: Plain, axes: readonly number[], index: Indices): number[] {
  return indicesOf(a.shape)
    .filter(other => other.every((position, axis) => axes.includes(axis) || position === index[axis]))
    .map(other => at(a, other));
}

/** Every index of a tensor of this shape, in row-major order. */
export function indicesOf(shape: readonly number[]): Indices[] {
  const [length, ...rest] = shape;
  if (length === undefined) return [[]];
  return Array.from({ length }, (_, i) => indicesOf(rest).map(tail => [i, ...tail])).flat();
}

export const total = (entries: readonly number[]): number => entries.reduce((sum, entry) => sum + entry, 0);
export const average = (entries: readonly number[]): number => total(entries) / entries.length;
