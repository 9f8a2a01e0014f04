import { arange } from '../create/arange.ts';
import { axisOf, type Value } from '../op.ts';
import { byRank, ranked } from './ranks.ts';

/**
 * The positions of the entries in ascending order along an axis, the last by default. They are whole numbers of dtype
 * real, which `takeAlongAxis` and `gather` accept as an index. Equal entries keep their order, and NaN comes last, as
 * with NumPy's `kind='stable'`. Its derivative is 0. Time, and memory on `interpreter()`, grow with the square of the
 * axis's length.
 *
 *     a[result[0]] ≤ a[result[1]] ≤ …
 * @example
 * takeAlongAxis(energies, argsort(distances), -1); // from the nearest pair to the farthest
 */
export function argsort(a: Value, axis = -1): Value {
  const along = axisOf('argsort', axis, a);
  const length = a.shape[along] as number;
  return byRank(ranked(a, along, 'smallest'), arange(a.tape, length), length, along);
}
