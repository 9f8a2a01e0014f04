import type { Value } from '../op.ts';
import { firstLargest } from './firstLargest.ts';

/**
 * The place of the largest entry along an axis; without one, among the flattened entries. A whole number as a real number, by
 * which `gather` and `takeAlongAxis` select. Of equal entries it is the first, and the first NaN if there is any, as in NumPy.
 * Its derivative is 0.
 *
 *     min i at which aᵢ = max a
 *
 * @throws RangeError over an axis without entries
 * @example
 * gather(poses, argmax(scores));                // the row of the best score
 */
export function argmax(a: Value, axis?: number, keepDims = false): Value {
  return firstLargest('argmax', a, axis, keepDims);
}
