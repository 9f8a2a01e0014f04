import type { Molecule } from '../molecule/molecule.ts';

/** Results of one compound. Energies in kcal/mol, for SchNet in the unit that it was fitted to. */
export interface CompoundResult {
  readonly name: string;
  readonly file: string;
  /** Number of poses. */
  readonly poses: number;
  /** ΔG. */
  readonly value: number;
  /** Variance of the poses about it, by spread. */
  readonly variance?: number;
  /** (ΔG − target)², where there is a target. */
  readonly loss?: number;
  /** (Σ w_n)²/Σ w_n². */
  readonly effectiveSampleSize: number;
  readonly best: BestPose;
  /** Of the loss if there is one, else of ΔG: numbers by parameter. */
  readonly gradient: Readonly<Record<string, readonly number[]>>;
  /** The single poses; absent where only their sums are known. */
  readonly each?: PoseResults;
  /** ΔG by each combination that can be had of the poses; absent where only their sums are known. */
  readonly combinations?: Readonly<Record<string, number>>;
}

/** Pose of the lowest score. */
export interface BestPose {
  /** From 1, among those that were scored. */
  readonly pose: number;
  readonly score: number;
}

/** Columns of the poses of a compound. */
export interface PoseResults {
  /** ΔG_n. */
  readonly predictions: Float64Array;
  /** w_n. */
  readonly weights: Float64Array;
  /** File and first line of each. */
  readonly sources: readonly Molecule['source'][];
  readonly terms?: readonly Readonly<Record<string, number>>[];
}

/** Molecule that was left out. */
export interface Skipped {
  /** Compound. */
  readonly name: string;
  readonly file: string;
  readonly reason: string;
}

/** Account of a run. */
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
  /** Name of what ran the tapes. */
  readonly executor: string;
  /** The most bytes the engine held at once. */
  readonly peakBytes: number;
  /** The most poses whose tapes were alive at once. */
  readonly tapesAlive: number;
  readonly milliseconds: number;
  /** The largest relative difference of a derivative from that of the first. */
  readonly difference: number;
}
