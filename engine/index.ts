export {
  type CheckGradientOptions,
  checkGradient,
  type EntryCheck,
  type GradientCheck,
} from './check-gradient.ts';
export { checkpoint } from './checkpoint.ts';
export { defineOp, type FixedOp } from './define-op.ts';
export { errorFunction, errorFunctionComplement } from './error-functions.ts';
export { evaluate } from './evaluate.ts';
export type {
  DeviceMemory,
  Executor,
  Precision,
  RunOptions,
  SyncExecutor,
} from './executor.ts';
export { DeviceLostError } from './executor.ts';
export type * from './forms.ts';
export { map } from './forms.ts';
export { gradient, hessianVectorProduct, jvp } from './gradient.ts';
export { type InspectOptions, inspect } from './inspect.ts';
export { interpreter } from './interpreter.ts';
export { type JitExecutor, type JitOptions, jit } from './jit/jit.ts';
export { Memory } from './memory.ts';
export type { Expression, Scalar } from './scalar.ts';
export type { Axes, Shape } from './shape.ts';
export type { SpecialFunction } from './special.ts';
export {
  type Op,
  type Operand,
  Tape,
  type Value,
  type Vjp,
  type VjpRule,
} from './tape.ts';
export { type NestedNumbers, type Tensor, type TensorData, type TensorSource, tensor } from './tensor.ts';
