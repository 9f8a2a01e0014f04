import { add } from '../arithmetic/add.ts';
import type { Value } from '../op.ts';
import { scan } from './scan.ts';

/**
 * The cumulative sum along an axis or, if none is given, of the flattened entries.
 *
 *     result[i] = Σ a[j] over j ≤ i
 *
 * Entries are added in pairs, the pairs in fours and so on, so the error grows with log n, not with n. This takes
 * ⌈log₂ n⌉ passes over all entries, each with four recorded values. Lengths that differ in ⌈log₂ n⌉ have different
 * plans.
 */
export function cumsum(a: Value, axis?: number): Value {
  return scan('cumsum', add, 0, a, axis);
}
