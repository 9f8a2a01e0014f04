export {
  type CheckGradientOptions,
  checkGradient,
  type EntryCheck,
  type GradientCheck,
} from './check-gradient.ts';
export { defineOp, type FixedOp } from './define-op.ts';
export { evaluate } from './evaluate.ts';
export type {
  DeviceMemory,
  Executor,
  Precision,
  RunOptions,
  SyncExecutor,
} from './executors/executor.ts';
export { DeviceLostError } from './executors/executor.ts';
export { interpreter } from './executors/interpreter.ts';
export { type JitExecutor, type JitOptions, jit } from './executors/jit/jit.ts';
export type * from './forms.ts';
export { map } from './forms.ts';
export { gradient } from './gradient.ts';
export { type InspectOptions, inspect } from './inspect.ts';
export { Memory } from './memory.ts';
export type { Expression, Scalar } from './scalar.ts';
export type { Axes, Shape } from './shape.ts';
export {
  type Op,
  type Operand,
  Tape,
  type Value,
  type Vjp,
  type VjpRule,
} from './tape.ts';
export { type NestedNumbers, type Tensor, type TensorData, type TensorSource, tensor } from './tensor.ts';
