export {
  Accumulator,
  type AccumulatorResult,
  type PoseLossTerm,
} from './accumulator.ts';
export type { AccumulatorJSON } from './accumulator-json.ts';
export { type BadPose, BadPoseError } from './bad-pose.ts';
export { boltzmann } from './boltzmann.ts';
export type { Combination } from './combination.ts';
export { squaredError } from './loss.ts';
export { lse } from './lse.ts';
export { mean } from './mean.ts';
export { type CombineResult, type CombineStats, combinePoses } from './poses.ts';
export { pIC50, pKi, type Readout } from './readout.ts';
export type {
  CombinationInOps,
  CombineOptions,
  LossContext,
  Params,
  ParamsContext,
  ParamValues,
  PoseContext,
  PoseProgress,
  Scorer,
  Strategy,
} from './task.ts';
