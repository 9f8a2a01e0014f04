export { type AdamOptions, adam } from './adam.ts';
export { adamw } from './adamw.ts';
export type { Clip, FirstOrderOptions, Schedule } from './first-order.ts';
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
export { recorded } from './recorded.ts';
export { type SgdOptions, sgd } from './sgd.ts';
