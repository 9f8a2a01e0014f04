import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Factors, Moments } from './fold.ts';
import type { PooledPose } from './pooled-pose.ts';

/*
 * Data that the passes of the strategies hand on: the numbers kept for each pose, and the plan of the second pass.
 */

/** Result of adding poses to an accumulator. */
export interface FoldResult {
  readonly accumulator: Accumulator;
  readonly badPoses: BadPose[];
  readonly read: number;
  readonly backwardSkipped: number;
  /** Number of poses with pose weight 0. */
  readonly weightless: number;
}

/** Numbers kept for a pose under `stream`. */
export interface Row {
  readonly scores: ArrayLike<number>;
  readonly weight: number;
  readonly pooled: PooledPose | undefined;
}

/** Called for each pose in the order read, without a row for a pose that was left out. */
export type Keep = (index: number, row: Row | undefined) => Promise<void> | undefined;

/** Numbers of a pose from the first pass of `recompute`. */
export interface PredictedRow {
  readonly scores: Float64Array;
  readonly weight: number;
  readonly pooled: PooledPose | undefined;
  /** Loss of the pose, with its slopes in each number of the score. */
  readonly poseLoss: { readonly poseLoss: number; readonly slopes: ArrayLike<number> } | undefined;
  /** True if the poseLoss, or the log-weight or values of a pooling, read parameters. */
  readonly readsParams: boolean;
}

/** Called for each pose in the order read, without a row for a pose that was left out. */
export type KeepPredicted = (index: number, row: PredictedRow | undefined) => Promise<void>;

/** A pose for the second pass. */
export interface PlannedPose {
  readonly scores: Float64Array;
  readonly weight: number;
  /** L′c_n + L′_n for each number of the score. */
  readonly coefficients: Float64Array;
}

/** Results of the first pass that the second pass needs. */
export interface BackwardPlan {
  /** Number of poses that the first pass read. If a later pass finds one more, it stops reading. */
  readonly length: number;
  /** The largest magnitude of a coefficient. */
  readonly largest: number;
  /** Sum of the magnitudes of all coefficients, divided by `largest`. */
  readonly total: number;
  /** Sums over the poses, and their factors in the gradient; absent for a combination in ops. */
  readonly sums: { readonly moments: Moments; readonly factors: Factors } | undefined;
  /** True if {@link PredictedRow.readsParams} is true for any pose. */
  readonly readsParams: boolean;
  /** Returns a pose by its index; undefined if it was left out. */
  poseOf(index: number): PlannedPose | undefined;
}

/** Called for each pose of the plan, in the order read. */
export type KeepDifferentiated = (index: number, isBad: boolean) => Promise<void>;
