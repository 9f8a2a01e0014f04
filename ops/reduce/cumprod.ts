import { mul } from '../arithmetic/mul.ts';
import type { Value } from '../op.ts';
import { scan } from './scan.ts';

/**
 * The cumulative product along an axis, or of the flattened entries without one. Its gradient never divides, so it is
 * right for entries of 0. It takes ⌈log₂ n⌉ passes over all entries, and the gradient needs the results of all of them.
 *
 *     result[i] = Π a[j] over j ≤ i
 */
export function cumprod(a: Value, axis?: number): Value {
  return scan('cumprod', mul, 1, a, axis);
}
