import { neg } from '../arithmetic/neg.ts';
import type { Value } from '../op.ts';
import { firstLargest } from './firstLargest.ts';

/**
 * The position of the smallest entry along an axis, or among the flattened entries without one: argmax(−a). Of equal
 * entries it is the first, or the first NaN if there is one.
 *
 * @throws RangeError over an axis without entries
 */
export function argmin(a: Value, axis?: number, keepDims = false): Value {
  return firstLargest('argmin', neg(a), axis, keepDims);
}
