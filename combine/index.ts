/**
 * Poolings of the predictions of many poses, losses, and their gradients in the memory of one pose.
 *
 * @module posetape/combine
 */

export {
  type AccumulateOptions,
  accumulatePoses,
  type Finished,
  type FinishOptions,
  finish,
  type PartialSums,
} from './accumulate-poses.ts';
export { Accumulator, type AccumulatorResult, type PoseTerm } from './accumulator.ts';
export type { AccumulatorJSON } from './accumulator-json.ts';
export { attention, gated } from './attention.ts';
export { type BadPose, BadPoseError } from './bad-pose.ts';
export type { Base64 } from './base64.ts';
export {
  type BatchContext,
  type BatchOptions,
  type BatchResult,
  type Compound,
  type CompoundContext,
  combineBatch,
} from './batch.ts';
export { boltzmann } from './boltzmann.ts';
export { type Collated, collate, type Field } from './collate.ts';
export type { Combination } from './combination.ts';
export type { Factors, Fold, Moments } from './fold.ts';
export { freeEnergy } from './free-energy.ts';
export {
  absoluteError,
  censored,
  crossEntropy,
  gaussianNLL,
  huber,
  type Loss,
  pairwiseRanking,
  squaredError,
  weightedSum,
} from './loss.ts';
export { lse } from './lse.ts';
export { mean } from './mean.ts';
export type { Params } from './params.ts';
export type { Pool, PoolContext, Pooled, PoolingOptions, PoseWeight } from './pool.ts';
export { pooling } from './pooling.ts';
export { type CombineResult, type CombineStats, combinePoses } from './poses.ts';
export { powerMean } from './power-mean.ts';
export { pIC50, pKi, type Readout } from './readout.ts';
export type { Setting, Values } from './settings.ts';
export { spread } from './spread.ts';
export type {
  ByWorkers,
  CombinationInOps,
  CombineOptions,
  Grouped,
  GroupScorer,
  LossContext,
  ParamsContext,
  ParamValues,
  PoseContext,
  PoseProgress,
  Scorer,
  Strategy,
} from './task.ts';
export type { Workers } from './workers.ts';
