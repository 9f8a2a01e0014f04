import { div } from '../arithmetic/div.ts';
import { where } from '../elementwise/where.ts';
import { checkOptions, checkValue, showArgument, sizeOf, type Value } from '../op.ts';
import { reshape } from '../shape/reshape.ts';
import { type SeedOptions, uniforms } from './numbers.ts';

/** Options of {@link dropout}. */
export interface DropoutOptions extends SeedOptions {
  /** The probability that an entry is dropped, from 0 to below 1. With 0, as in evaluation, nothing is recorded. */
  readonly rate: number;
}

/**
 * The value with random entries set to 0, and the others divided by 1 − rate (Srivastava et al., JMLR 15, 2014). The
 * choice depends only on the seed, the index of the pose and the position of the entry, so all strategies, and both
 * passes of `recompute`, drop the same entries. A dropped entry affects no gradient.
 *
 * Make the index part of the pose: `poses.map((pose, index) => ({ ...pose, index }))`. If poses share a tape, use the
 * group's index.
 *
 * @throws RangeError for a rate that is not from 0 to below 1, or a seed or index that is not a whole number from 0
 * @example
 * const score = (tape, { weights }, { features, index }) =>
 *   sum(matmul(dropout(tape.constant(features), { rate: 0.1, seed: step, index }), weights));
 */
export function dropout(a: Value, options: DropoutOptions): Value {
  checkValue('dropout', a);
  checkOptions('dropout', options, ['rate', 'seed', 'index']);
  const { rate } = options;
  if (!(typeof rate === 'number' && rate >= 0 && rate < 1)) {
    const got = showArgument(rate);
    throw new RangeError(`dropout: rate is a number from 0 to below 1, got ${got}`);
  }
  const drawn = uniforms('dropout', options, rate === 0 ? 0 : sizeOf(a.shape));
  if (rate === 0) return a;
  const mask = a.tape.constant(drawn.map(number => (number < rate ? 0 : 1)));
  return where(reshape(mask, a.shape), div(a, 1 - rate), 0);
}
