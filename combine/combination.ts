import type { Value } from '../engine/tape.ts';
import { Accumulator } from './accumulator.ts';
import type { AccumulatorJSON } from './accumulator-json.ts';
import type { Fold } from './fold.ts';
import type { Pool, PoseWeight } from './pool.ts';
import { checkFunction, type Settings } from './settings.ts';

/** A rule that combines the predictions ΔG_n of a compound's poses to one ΔG. Immutable. */
export interface Combination extends Fold {
  /** The weight of each pose; absent if all count alike. */
  readonly weight: PoseWeight | undefined;
  /** Functions that record each pose and the averages; absent where a pose is weighted by its score itself. */
  readonly pool: Pool | undefined;
  /**
   * Settings by name, numbers or made of the parameters: each must be above 0, or q other than 0.
   *
   * @internal
   */
  readonly learned?: Settings;
  /** The same in ops, of the vector of predictions; absent for a pooling. */
  readonly combine: ((predictions: Value, weights?: readonly number[]) => Value) | undefined;
  /**
   * A fresh accumulator; or one read back from its JSON, which must be as it was written.
   *
   * @throws TypeError for the state of another combination or setting, RangeError naming the field for anything else
   */
  accumulator(saved?: AccumulatorJSON): Accumulator;
}

/**
 * Completes a fold to a combination.
 *
 * @throws TypeError naming the combination, unless the weight is a function or absent
 */
export function combination(
  fold: Omit<Fold, 'isWeighted'>,
  { weight, pool, combine }: Pick<Partial<Combination>, 'pool' | 'combine'> & Pick<Combination, 'weight'>,
): Combination {
  checkFunction(fold.kind, 'weight', weight);
  const isWeighted = weight !== undefined;
  const settings = { ...fold.settings, ...(isWeighted && { weighted: 1 }) };
  const whole: Fold = { ...fold, settings, isWeighted };
  return {
    ...whole,
    weight,
    pool,
    combine,
    accumulator: saved => (saved === undefined ? new Accumulator(whole) : Accumulator.fromJSON(whole, saved)),
  };
}

/**
 * The weight of a pose, 1 where the combination has none.
 *
 * @throws RangeError naming the pose for one that is negative or not finite, TypeError for one that is no number
 */
export function weightOfPose({ kind, weight }: Combination, pose: unknown, index: number): number {
  if (!weight) return 1;
  const given: unknown = weight(pose, index);
  if (typeof given !== 'number')
    throw new TypeError(`${kind}: the weight of pose ${index} is ${given}; it must be a number`);
  if (!(given >= 0 && Number.isFinite(given)))
    throw new RangeError(
      `${kind}: the weight of pose ${index} is ${given}; it must be a finite number from 0`,
    );
  return given;
}
