import { arange } from '../create/arange.ts';
import { axisOf, showArgument, type Value } from '../op.ts';
import { byRank, ranked } from './ranks.ts';

/**
 * The `count` largest entries along an axis, the last by default, in descending order, and their positions. These are
 * whole numbers of dtype real, which `takeAlongAxis` and `gather` accept as an index. Equal entries keep their order;
 * NaN comes before ∞, as in PyTorch. Time, and memory on `interpreter()`, grow with the square of the axis's length.
 *
 * @throws RangeError for a count that is not a whole number from 0 to the length of the axis
 * @example
 * const [, nearest] = topK(neg(distances), 16);
 */
export function topK(a: Value, count: number, axis = -1): [values: Value, positions: Value] {
  const along = axisOf('topK', axis, a);
  const length = a.shape[along] as number;
  if (!Number.isInteger(count) || count < 0 || count > length) {
    const got = showArgument(count);
    throw new RangeError(
      `topK: count is a whole number from 0 to ${length}, the length of axis ${along}, got ${got}`,
    );
  }
  const ranking = ranked(a, along, 'largest');
  return [
    byRank(ranking, ranking.entries, count, along),
    byRank(ranking, arange(a.tape, length), count, along),
  ];
}
