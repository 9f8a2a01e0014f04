import type { Value } from '../op.ts';
import { firstLargest } from './firstLargest.ts';

/**
 * The position of the largest entry along an axis or, if no axis is given, among the flattened entries. Positions are
 * whole numbers of dtype real, which `gather` and `takeAlongAxis` accept as an index. If several entries are largest,
 * the result is the position of the first; if there is a NaN, it is the position of the first NaN, as in NumPy. The
 * derivative is 0.
 *
 *     min i with aᵢ = max a
 *
 * @throws RangeError over an axis without entries
 * @example
 * gather(rows, argmax(confidences));            // the row of the highest confidence
 */
export function argmax(a: Value, axis?: number, keepDims = false): Value {
  return firstLargest('argmax', a, axis, keepDims);
}
