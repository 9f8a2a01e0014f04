import { showArgument } from './kind-of.ts';

/** The lengths of a tensor's axes, outermost first; `[]` is a single number. */
export type Shape = readonly number[];

/** The number of entries of a tensor of this shape: the product of its lengths. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** True for a list of whole numbers from 0, which can be the lengths of axes. */
export function isShape(shape: unknown): shape is Shape {
  if (!Array.isArray(shape)) return false;
  // Not `every`, which would skip holes in a list.
  for (const length of shape) if (!Number.isInteger(length) || length < 0) return false;
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  // Compare the objects first, since most of the shapes that are compared are the same object.
  return a === b || (a.length === b.length && a.every((length, axis) => length === b[axis]));
}

/** A shape as text for listings and errors: `[40, 3]`. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** For each axis, the distance in a row-major array between entries that are neighbours along that axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** The strides that read a tensor of shape `from` as if it were broadcast to shape `to`: 0 along each repeated axis. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => {
    if (axis < lead || from[axis - lead] === 1) return 0;
    return strides[axis - lead] as number;
  });
}

/**
 * The shape that several shapes broadcast to by NumPy's rule
 * (https://numpy.org/doc/stable/user/basics.broadcasting.html). When the shapes are aligned at the last axis, the lengths
 * along each axis must be equal or 1. If they are not, the result is `undefined`.
 */
export function broadcastShapes(shapes: readonly Shape[]): Shape | undefined {
  let result: Shape | undefined = shapes[0] ?? [];
  for (let i = 1; i < shapes.length && result; i++) result = broadcastTwo(result, shapes[i] as Shape);
  return result;
}

/**
 * The shape that two shapes broadcast to. If it equals the longer of the two lists, or `a` if both are equally long, that
 * list itself is returned, not a copy.
 */
function broadcastTwo(a: Shape, b: Shape): Shape | undefined {
  if (a === b) return a;
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  const lead = long.length - short.length;
  let result = long;
  for (let axis = 0; axis < short.length; axis++) {
    const [length, other] = [long[lead + axis], short[axis] as number];
    if (other === 1 || other === length) continue;
    if (length !== 1) return undefined;
    result = result.with(lead + axis, other);
  }
  return result;
}

/**
 * An axis counted from 0. A negative `axis` counts from the end: −1 is the last.
 *
 * @throws RangeError naming `op` if the shape has no such axis
 */
export function normaliseAxis(op: string, axis: number, shape: Shape): number {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? 'a single number has no axes' : `axes go from ${-rank} to ${rank - 1}`;
    const shown = showArgument(axis);
    throw new RangeError(`${op}: no axis ${shown} in shape ${showShape(shape)}: ${range}`);
  }
  // Adding 0 turns −0 into 0.
  return axis < 0 ? axis + rank : axis + 0;
}

/** The shape left when `axes` are reduced to length 1. */
export function reducedShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

/** The shape without `axes`. */
export function withoutAxes(shape: Shape, axes: readonly number[]): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}
