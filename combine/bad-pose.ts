/** A pose that was left out, and why. */
export interface BadPose {
  readonly index: number;
  readonly reason: string;
}

/** A pose's prediction or gradient was NaN or infinite. */
export class BadPoseError extends Error {
  /** Which pose, from 0 in the order they were read. */
  readonly index: number;
  readonly reason: string;

  constructor({ index, reason }: BadPose) {
    super(`pose ${index}: ${reason}`);
    this.name = 'BadPoseError';
    this.index = index;
    this.reason = reason;
  }
}
