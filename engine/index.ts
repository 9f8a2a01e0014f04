/**
 * The tape, reverse mode, executors that run a tape, and functions to define ops.
 *
 * @module posetape
 */

export type { Axes } from './axes.ts';
export {
  type CheckGradientOptions,
  checkGradient,
  type EntryCheck,
  type GradientCheck,
} from './check-gradient.ts';
export { checkpoint } from './checkpoint.ts';
export { type AttributedOp, defineOp, type FixedOp } from './define-op.ts';
export { errorFunction, errorFunctionComplement } from './error-functions.ts';
export { evaluate, type TensorsOf } from './evaluate.ts';
export type {
  DeviceMemory,
  Executor,
  PlannedExecutor,
  Precision,
  RunOptions,
  SyncExecutor,
} from './executor.ts';
export { DeviceLostError } from './executor.ts';
export {
  type AccumulateForm,
  type ArityOf,
  type BroadcastForm,
  type Computation,
  type ConcatForm,
  type ConstantForm,
  type FillForm,
  type Form,
  type GatherForm,
  type Leaf,
  type MapForm,
  type MatmulForm,
  map,
  type PadForm,
  type ParameterForm,
  type ReduceForm,
  type ReshapeForm,
  type SegmentMaxForm,
  type SegmentSumForm,
  type SliceForm,
  type TransposeForm,
} from './forms.ts';
export { gradient, hessianVectorProduct, jvp } from './gradient.ts';
export { type InspectOptions, inspect } from './inspect.ts';
export { interpreter } from './interpreter.ts';
export { type JitOptions, jit } from './jit/jit.ts';
export { Memory } from './memory.ts';
export type { Expression, Scalar } from './scalar.ts';
export type { Shape } from './shape.ts';
export type { SpecialFunction } from './special.ts';
export {
  type Op,
  type Operand,
  Tape,
  type Tuple,
  type Value,
  type Vjp,
  type VjpRule,
} from './tape.ts';
export { type NestedNumbers, type Tensor, type TensorData, type TensorSource, tensor } from './tensor.ts';
