import { mul } from '../arithmetic/mul.ts';
import type { Value } from '../op.ts';
import { scan } from './scan.ts';

/**
 * The product of all entries up to each along an axis; without one, of the flattened entries. Its gradient divides by
 * nothing, and is right where entries are 0. It takes ⌈log₂ n⌉ passes, whose results the gradient needs.
 *
 *     result[i] = Π a[j] over j ≤ i
 */
export function cumprod(a: Value, axis?: number): Value {
  return scan('cumprod', mul, 1, a, axis);
}
