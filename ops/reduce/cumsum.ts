import { add } from '../arithmetic/add.ts';
import type { Value } from '../op.ts';
import { scan } from './scan.ts';

/**
 * The sum of all entries up to each along an axis; without one, of the flattened entries.
 *
 *     result[i] = Σ a[j] over j ≤ i
 *
 * Entries are added in pairs, then fours and so on: the error grows by log n, not by n. It takes ⌈log₂ n⌉ passes over all
 * entries, and records three values for each; poses whose lengths differ in ⌈log₂ n⌉ have plans of their own.
 */
export function cumsum(a: Value, axis?: number): Value {
  return scan('cumsum', add, 0, a, axis);
}
