/** The number of a length in a structure. Equal lengths have the same number; that of length 1 is {@link one}. */
export type Size = number;

/** The size of axes of length 1. It is the same in all structures, so a plan may treat these axes specially. */
export const one: Size = 0;

/** The axes that are not of length 1. */
export function longAxes(shape: readonly Size[]): readonly Size[] {
  return shape.filter(size => size !== one);
}

/** True if two shapes are equal without their axes of length 1. */
export function sameWithoutOnes(a: readonly Size[], b: readonly Size[]): boolean {
  return sameSizes(longAxes(a), longAxes(b));
}

export function sameSizes(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The size of the axis that the outermost loop over a shape runs over; undefined for a single number. */
export function outermost(shape: readonly Size[]): Size | undefined {
  return shape.find(size => size !== one);
}

/** True if a shape, broadcast to another, varies along the outer axes only, so that inner loops need not compute it. */
export function isPrefix(shape: readonly Size[], whole: readonly Size[]): boolean {
  const aligned = whole.map((_, axis) => shape[axis - (whole.length - shape.length)] ?? one);
  let ended = false;
  for (const [axis, size] of whole.entries()) {
    if (size === one) continue;
    if (aligned[axis] === one) ended = true;
    else if (ended) return false;
  }
  return true;
}

/** The number of entries of a shape; `sizes` has the length behind each {@link Size}. */
export function lengthOf(shape: readonly Size[], sizes: readonly number[]): number {
  let length = 1;
  for (const size of shape) length *= sizes[size] as number;
  return length;
}
