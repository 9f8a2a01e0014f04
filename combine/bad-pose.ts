import { originOfBadValue } from '../engine/bad-value.ts';
import type { Executor } from '../engine/executor.ts';
import type { Memory } from '../engine/memory.ts';
import type { Value } from '../engine/tape.ts';
import type { TensorData } from '../engine/tensor.ts';

/** Index of a bad pose, and the reason why it is bad. */
export interface BadPose {
  /** Index of the pose from 0, in the order read. */
  readonly index: number;
  /**
   * Reason, such as `its prediction is NaN`. For the first bad pose of a call it also names the first value that became bad.
   */
  readonly reason: string;
}

/** A function that says what is wrong with the numbers `data` of a value. `what` names the value, such as `its prediction`. */
export type Reasons = (what: string, value: Value, data: TensorData) => string;

/**
 * Makes the function that gives the reasons for the bad poses of one call. Only the first reason names a cause: finding the
 * cause may take as long as a run of the pose on the interpreter, and bad poses of one call mostly share it.
 */
export function reasonsOf(executor: Executor, memory: Memory): Reasons {
  let hasCause = false;
  return (what, value, data) => {
    const at = data.findIndex(entry => !Number.isFinite(entry));
    const reason = `${what} is ${data[at]}`;
    if (hasCause) return reason;
    hasCause = true;
    return `${reason}: ${originOfBadValue(value, at, { precision: executor.precision, memory })}`;
  };
}

/** Error for a pose whose prediction or gradient is NaN or infinite. */
export class BadPoseError extends Error {
  /** Index of the pose from 0, in the order read. */
  readonly index: number;
  /** Reason, such as `its prediction is NaN`. */
  readonly reason: string;

  constructor({ index, reason }: BadPose) {
    super(`pose ${index}: ${reason}`);
    this.name = 'BadPoseError';
    this.index = index;
    this.reason = reason;
  }
}
