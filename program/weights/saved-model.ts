import type { Tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import type { GivenPooling } from '../command/poolings.ts';
import type { Settings } from '../schnet/model.ts';

/** Names of the scoring functions that have weights. */
export const scorerNames = ['vina', 'schnet'] as const;

export type ScorerName = (typeof scorerNames)[number];

/** A fitted scoring function, as saved in a file. */
export interface SavedModel {
  readonly scorer: ScorerName;
  /** Settings of a SchNet. */
  readonly settings?: Settings;
  /** Weights by name, without the offset. */
  readonly weights: Weights;
  /** Added to the score of each pose, kcal/mol. */
  readonly offset?: Tensor;
  /** Pooling that it was fitted with. */
  readonly pooling?: GivenPooling;
}

/** Weights of a model with its offset, as parameters for a tape. */
export function paramsOf({ weights, offset }: SavedModel): Weights {
  return offset === undefined ? weights : { ...weights, offset };
}
