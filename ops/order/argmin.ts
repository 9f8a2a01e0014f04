import { neg } from '../arithmetic/neg.ts';
import type { Value } from '../op.ts';
import { firstLargest } from './firstLargest.ts';

/**
 * The position of the smallest entry along an axis or, if no axis is given, among the flattened entries: argmax(−a). Of
 * equal entries it is the first; if there is a NaN, it is the first NaN.
 *
 * @throws RangeError over an axis without entries
 */
export function argmin(a: Value, axis?: number, keepDims = false): Value {
  return firstLargest('argmin', neg(a), axis, keepDims);
}
