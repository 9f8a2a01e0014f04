import { axisOf, type Value } from '../op.ts';
import { byRank, ranked } from './ranks.ts';

/**
 * The entries in ascending order along an axis, the last by default. Equal entries keep their order, and so do their
 * cotangents; NaN comes last. Time, and memory on `interpreter()`, grow with the square of the axis's length.
 *
 *     result = a[argsort(a)]        d result = da[argsort(a)]
 */
export function sort(a: Value, axis = -1): Value {
  const along = axisOf('sort', axis, a);
  const ranking = ranked(a, along, 'smallest');
  return byRank(ranking, ranking.entries, a.shape[along] as number, along);
}
