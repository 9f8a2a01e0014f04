/** Results of one compound. Energies are in kcal/mol; those of a SchNet are in the unit that it was fitted to. */
export interface CompoundResult {
  readonly name: string;
  /** File of the first pose. */
  readonly file: string;
  /** Number of scored poses. */
  readonly poses: number;
  /** Number of poses that could not be read or scored, and are left out of `value`. */
  readonly skipped: number;
  /** ΔG. */
  readonly value: number;
  /** Weighted variance of the scores; only with the combination `spread`. */
  readonly variance?: number;
  /** (ΔG − target)², if there is a target. */
  readonly loss?: number;
  /** Effective number of poses, (Σ w_n)²/Σ w_n². */
  readonly effectiveSampleSize: number;
  readonly best: BestPose;
  /** Derivatives of the loss, or of ΔG without a loss, by parameter. */
  readonly gradient: Readonly<Record<string, readonly number[]>>;
  /** Results of each pose; absent if only sums over the poses are known. */
  readonly each?: PoseResults;
  /** ΔG by every combination but spread and power-mean; absent if only sums over the poses are known. */
  readonly combinations?: Readonly<Record<string, number>>;
}

/** Pose of the lowest score. */
export interface BestPose {
  readonly file: string;
  /** Position in the file, from 1. */
  readonly pose: number;
  readonly score: number;
}

/** Results of the scored poses of a compound, in order. */
export interface PoseResults {
  /** Score ΔG_n of each pose. */
  readonly predictions: Float64Array;
  /** Weight w_n of each pose. */
  readonly weights: Float64Array;
  /** Origin of each pose. */
  readonly sources: readonly PoseSource[];
  /** Terms of each pose, if they are to be reported. */
  readonly terms?: readonly Readonly<Record<string, number>>[];
}

/** Origin of a pose. */
export interface PoseSource {
  readonly file: string;
  /** First line of the pose in its file. */
  readonly line: number;
  /** Position of the pose in its file, from 1. Skipped poses are counted, too. */
  readonly number: number;
}

/** A pose, or a whole compound, that could not be scored. */
export interface Skipped {
  readonly what: 'pose' | 'compound';
  /** Name of the compound; in `refine`, `pose` and the number of the pose in its file, such as `pose 3`. */
  readonly name: string;
  readonly file: string;
  /** Position of the pose in its file, from 1; absent for a compound, and in `refine`. */
  readonly pose?: number;
  readonly reason: string;
}

/** Totals of a run. */
export interface Summary {
  readonly compounds: number;
  readonly poses: number;
  readonly skipped: readonly Skipped[];
  /** Number of poses left out as duplicates. */
  readonly duplicates: number;
}

/** Cost of a strategy. */
export interface StrategyCost {
  readonly strategy: string;
  /** Name of the executor. */
  readonly executor: string;
  /** Maximum number of bytes that the engine held at once. */
  readonly peakBytes: number;
  /** Maximum number of poses whose tapes were alive at once. */
  readonly tapesAlive: number;
  readonly milliseconds: number;
  /** Largest relative difference of a derivative from that of the first strategy. */
  readonly difference: number;
}
