import { neg } from '../arithmetic/neg.ts';
import type { Value } from '../op.ts';
import { firstLargest } from './firstLargest.ts';

/**
 * The place of the smallest entry along an axis; without one, among the flattened entries: argmax(−a). Of equal entries it is
 * the first, and the first NaN if there is any.
 *
 * @throws RangeError over an axis without entries
 */
export function argmin(a: Value, axis?: number, keepDims = false): Value {
  return firstLargest('argmin', neg(a), axis, keepDims);
}
