import { neg } from '../arithmetic/neg.ts';
import type { Value } from '../op.ts';
import { firstLargest } from './firstLargest.ts';

/**
 * The position of the smallest entry along an axis or, if no axis is given, among the flattened entries. It is computed
 * as argmax(−a). If several entries are smallest, the result is the position of the first; if there is a NaN, it is the
 * position of the first NaN.
 *
 * @throws RangeError over an axis without entries
 */
export function argmin(a: Value, axis?: number, keepDims = false): Value {
  return firstLargest('argmin', neg(a), axis, keepDims);
}
