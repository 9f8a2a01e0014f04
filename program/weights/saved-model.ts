import type { Tensor } from 'posetape';
import type { Weights } from '../../examples/networks/layers.ts';
import type { GivenPooling } from '../command/poolings.ts';
import type { Settings } from '../schnet/model.ts';

/** Names of the scoring functions that have weights. */
export const scorerNames = ['vina', 'schnet'] as const;

export type ScorerName = (typeof scorerNames)[number];

/** Fitted scoring function, as saved in a file. */
export interface SavedModel {
  readonly scorer: ScorerName;
  /** Settings of the network; absent for Vina. */
  readonly settings?: Settings;
  /** Weights by name, without the offset. */
  readonly weights: Weights;
  /** Number that is added to the score of each pose, kcal/mol; 0 if absent. */
  readonly offset?: Tensor;
  /** Pooling that the weights were fitted with; absent if unknown. */
  readonly pooling?: GivenPooling;
}

/** Returns the weights of a model and its offset, if any, as parameters for a tape. */
export function paramsOf({ weights, offset }: SavedModel): Weights {
  return offset === undefined ? weights : { ...weights, offset };
}
