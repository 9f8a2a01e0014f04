import { originOfBadValue } from '../engine/bad-value.ts';
import type { Executor } from '../engine/executor.ts';
import type { Memory } from '../engine/memory.ts';
import type { Value } from '../engine/tape.ts';
import type { TensorData } from '../engine/tensor.ts';

/** A skipped pose and the reason. */
export interface BadPose {
  /** Index of the pose from 0, in the order read. */
  readonly index: number;
  /** Such as `its prediction is NaN`; for the first bad pose found, it names the first value that went bad. */
  readonly reason: string;
}

/** Describes what is wrong with the numbers computed for a value. */
export type Reasons = (what: string, value: Value, data: TensorData) => string;

/**
 * Reasons for the bad poses of one call. Only the first names its cause: finding it may take as long as a run of the pose on
 * the interpreter, and poses that go bad together mostly share a cause.
 */
export function reasonsOf(executor: Executor, memory: Memory): Reasons {
  let isSought = false;
  return (what, value, data) => {
    const at = data.findIndex(entry => !Number.isFinite(entry));
    const reason = `${what} is ${data[at]}`;
    if (isSought) return reason;
    isSought = true;
    return `${reason}: ${originOfBadValue(value, at, { precision: executor.precision, memory })}`;
  };
}

/** Error for a pose whose prediction or gradient is NaN or infinite. */
export class BadPoseError extends Error {
  /** Index of the pose from 0, in the order read. */
  readonly index: number;
  /** Such as `its prediction is NaN`. */
  readonly reason: string;

  constructor({ index, reason }: BadPose) {
    super(`pose ${index}: ${reason}`);
    this.name = 'BadPoseError';
    this.index = index;
    this.reason = reason;
  }
}
