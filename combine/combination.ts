import type { Value } from '../engine/tape.ts';
import { Accumulator } from './accumulator.ts';
import type { AccumulatorJSON } from './accumulator-json.ts';
import type { Fold } from './fold.ts';
import type { Pool, PoseWeight } from './pool.ts';
import { checkFunction, type Settings } from './settings.ts';

/** A rule that combines the predictions ΔG_n of a compound's poses into one ΔG. Immutable. */
export interface Combination extends Fold {
  /** Returns the pose weight m_n; absent if all are 1. */
  readonly weight: PoseWeight | undefined;
  /** Functions of a pooling, which record log-weight, values and ΔG; absent if h_n and p_n are the score. */
  readonly pool: Pool | undefined;
  /**
   * Settings that may be functions of the parameters, by name. Each is a finite number above 0, or a function that
   * records one; the exponent q of a power mean may be negative, but not 0.
   *
   * @internal
   */
  readonly learned?: Settings;
  /** Records ΔG from all predictions, of shape [poses]; absent if there is a pool. */
  readonly combine: ((predictions: Value, weights?: readonly number[]) => Value) | undefined;
  /**
   * Makes an empty accumulator, or reads one back from the JSON that it wrote.
   *
   * @throws TypeError for the state of another combination or other settings, RangeError naming the field for damaged JSON
   */
  accumulator(saved?: AccumulatorJSON): Accumulator;
}

/**
 * Makes a combination from a fold.
 *
 * @throws TypeError naming the combination, if `weight` is not a function
 */
export function combination(
  fold: Omit<Fold, 'isWeighted'>,
  { weight, pool, combine }: Pick<Partial<Combination>, 'pool' | 'combine'> & Pick<Combination, 'weight'>,
): Combination {
  checkFunction(fold.kind, 'weight', weight);
  const isWeighted = weight !== undefined;
  const settings = { ...fold.settings, ...(isWeighted && { weighted: 1 }) };
  const ownFold: Fold = { ...fold, settings, isWeighted };
  return {
    ...ownFold,
    weight,
    pool,
    combine,
    accumulator: saved =>
      saved === undefined ? new Accumulator(ownFold) : Accumulator.fromJSON(ownFold, saved),
  };
}

/**
 * Returns the pose weight m_n; 1 if the combination takes no pose weights.
 *
 * @throws TypeError naming the pose if its pose weight is not a number, RangeError if it is negative or not finite
 */
export function weightOfPose({ kind, weight }: Combination, pose: unknown, index: number): number {
  if (!weight) return 1;
  const number: unknown = weight(pose, index);
  if (typeof number !== 'number')
    throw new TypeError(`${kind}: the weight of pose ${index} is ${number}; it must be a number`);
  if (!(number >= 0 && Number.isFinite(number)))
    throw new RangeError(
      `${kind}: the weight of pose ${index} is ${number}; it must be a finite number from 0`,
    );
  return number;
}
