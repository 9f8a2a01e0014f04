/**
 * Optimisers, the fitting loop, and files of model weights.
 *
 * @module posetape/fit
 */

export { type AdamOptions, adam } from './adam.ts';
export { adamw } from './adamw.ts';
export type { BadCompound, Checkpoint, EpochLosses } from './checkpoint.ts';
export type { Clip, FirstOrderOptions, Schedule } from './first-order.ts';
export { fit, fitting } from './fit.ts';
export type { FitOptions } from './fit-options.ts';
export type { Freeze } from './freeze.ts';
export { type LbfgsOptions, lbfgs } from './lbfgs.ts';
export { type MinimiseOptions, type Minimum, minimise } from './minimise.ts';
export type {
  Descended,
  Descent,
  Evaluated,
  FirstOrder,
  FullBatch,
  Objective,
  Optimiser,
  OptimiserState,
  Stepper,
} from './optimiser.ts';
export type { Fitted, SavedTensor, SavedTensors } from './params.ts';
export { type PredictOptions, predict } from './predict.ts';
export { recorded } from './recorded.ts';
export type { Epoch, FitResult } from './result.ts';
export { readSafetensors, type Safetensors } from './safetensors/read.ts';
export { writeSafetensors } from './safetensors/write.ts';
export { type SgdOptions, sgd } from './sgd.ts';
export { type Split, split, type Validation } from './split.ts';
