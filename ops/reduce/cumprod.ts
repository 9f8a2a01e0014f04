import { mul } from '../arithmetic/mul.ts';
import type { Value } from '../op.ts';
import { scan } from './scan.ts';

/**
 * The cumulative product along an axis or, if none is given, of the flattened entries. The gradient never divides, so
 * it is right for entries of 0. The op takes ⌈log₂ n⌉ passes over all entries, and the gradient needs the results of all
 * passes.
 *
 *     result[i] = Π a[j] over j ≤ i
 */
export function cumprod(a: Value, axis?: number): Value {
  return scan('cumprod', mul, 1, a, axis);
}
