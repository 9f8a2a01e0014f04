import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Factors, Moments } from './fold.ts';
import type { PooledPose } from './pooled-pose.ts';

/*
 * Poses as the passes over them hand them on: what is kept of each, and what the second pass needs of the first.
 */

/** Sums over poses, and counts of them. */
export interface Sums {
  readonly accumulator: Accumulator;
  readonly badPoses: BadPose[];
  readonly read: number;
  readonly backwardSkipped: number;
  /** Number of poses of weight 0. */
  readonly weightless: number;
}

/** A pose as it is kept. */
export interface Row {
  readonly scores: ArrayLike<number>;
  readonly weight: number;
  readonly pooled: PooledPose | undefined;
}

/** Told of each pose in the order they are read; without a row for one that was left out. */
export type Keep = (index: number, row: Row | undefined) => Promise<void> | undefined;

/** A pose, predicted. */
export interface PredictedRow {
  readonly scores: Float64Array;
  readonly weight: number;
  readonly pooled: PooledPose | undefined;
  /** Its own loss, and the slopes of that in each number of the score. */
  readonly own: { readonly poseLoss: number; readonly slopes: ArrayLike<number> } | undefined;
  /** True if what is recorded of it after its score reads parameters. */
  readonly readsParams: boolean;
}

/** Told of each pose in the order they are read; without a row for one that was left out. */
export type KeepPredicted = (index: number, row: PredictedRow | undefined) => Promise<void>;

/** A pose that the first pass kept. */
export interface PlannedPose {
  readonly scores: Float64Array;
  readonly weight: number;
  /** L′c_n + l′_n in each number of the score. */
  readonly coefficients: Float64Array;
}

/** Facts that the second pass needs of the first. */
export interface BackwardPlan {
  /** Number of poses; where there are more, one is read to notice, and no more. */
  readonly length: number;
  /** The largest coefficient, and the sum of all as a multiple of it. */
  readonly largest: number;
  readonly total: number;
  /** Of the sums over the poses; absent for a combination of one's own. */
  readonly sums: { readonly moments: Moments; readonly factors: Factors } | undefined;
  readonly readsParams: boolean;
  poseOf(index: number): PlannedPose | undefined;
}

/** Told of each pose that has a plan, in the order they are read. */
export type KeepDifferentiated = (index: number, isBad: boolean) => Promise<void>;
