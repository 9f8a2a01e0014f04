import { normaliseAxis, sameShape, showShape, type Value } from '../op.ts';
import { concat, firstOf } from './concat.ts';
import { expandDims } from './expandDims.ts';

/**
 * Equally shaped values joined along a new axis. It becomes axis `axis` of the result, 0 by default; −1 is the last.
 *
 * @throws RangeError if the shapes differ, TypeError for an empty list
 * @example
 * stack([x, y, z], -1);                         // coordinates [n, 3] of three columns [n]
 */
export function stack(values: readonly Value[], axis = 0): Value {
  const first = firstOf('stack', values);
  const other = values.find(({ shape }) => !sameShape(shape, first.shape));
  if (other) {
    throw new RangeError(
      `stack: ${showShape(first.shape)} and ${showShape(other.shape)}: the shapes must be equal`,
    );
  }
  const along = normaliseAxis('stack', axis, [1, ...first.shape]);
  return concat(
    values.map(value => expandDims(value, along)),
    along,
  );
}
