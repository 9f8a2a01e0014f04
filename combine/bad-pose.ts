import { originOfBadValue } from '../engine/bad-value.ts';
import type { Executor } from '../engine/executor.ts';
import type { Memory } from '../engine/memory.ts';
import type { Value } from '../engine/tape.ts';
import type { TensorData } from '../engine/tensor.ts';

/** A pose that was left out, and why. */
export interface BadPose {
  /** Which pose, from 0 in the order they were read. */
  readonly index: number;
  /** Such as `its prediction is NaN`; of the first one found, with the value that went bad first. */
  readonly reason: string;
}

/** Says what is bad of these numbers, which a pose's value came to. */
export type Reasons = (what: string, value: Value, data: TensorData) => string;

/**
 * Reasons of one call. Only the first has the cause: to seek it may take as long as the interpreter needs for the pose,
 * and poses that go bad together mostly do so for one cause.
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

/** A pose's prediction or gradient was NaN or infinite. */
export class BadPoseError extends Error {
  /** Which pose, from 0 in the order they were read. */
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
