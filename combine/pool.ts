import type { Operand, Value } from '../engine/tape.ts';
import type { Values } from './settings.ts';

/**
 * A function that returns the pose weight m_n, such as a multiplicity or a weight from another calculation. 0 leaves the pose
 * out.
 */
export type PoseWeight<Pose = unknown> = {
  // This is the type of a method, which TypeScript compares bivariantly: a combination does not know the type of the
  // poses.
  /** Returns the pose weight. */
  weight(pose: Pose, index: number): number;
}['weight'];

/** Second argument of `logWeight` and `values` of a {@link pooling}. */
export interface PoolContext<Pose = unknown, V extends Values = Values> {
  /** The parameters as values of the tape. */
  readonly params: V;
  /** The pose as passed to the scorer. */
  readonly pose: Pose;
  /** Index of the pose, in the order read. */
  readonly index: number;
}

/** Averages over the poses, from which `value` of a {@link pooling} computes ΔG. */
export interface Pooled {
  /** p̄_j = Σ w_n p_nj, shape [J]. */
  readonly mean: Value;
  /** log Z = ln Σ m_n exp(ℓ_n), shape []. */
  readonly logSum: Value;
  /** log Z − ln N, shape []. Accurate even if all log-weights are near 0. */
  readonly logMean: Value;
  /** N = Σ m_n: the number of poses if there are no pose weights. */
  readonly count: number;
}

/** Options of {@link pooling}. */
export interface PoolingOptions<Pose = unknown, V extends Values = Values> {
  /** Name of the pooling in errors and saved states. */
  readonly name: string;
  /** Numbers that distinguish poolings of the same name in saved states. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Returns the log-weight ℓ_n of a pose, a single number. Default 0, which gives all poses the same weight. */
  logWeight?(score: Value, context: PoolContext<Pose, V>): Operand;
  /**
   * Returns the values p_nj to average: one number, or a list of J. Default: the score. With false there are no values,
   * only log Z.
   */
  readonly values?: false | ((score: Value, context: PoolContext<Pose, V>) => Operand);
  /**
   * Computes ΔG: one number, or several if a loss or readout turns them into one. Default p̄. With `values: false`,
   * `pooled` has no `mean`.
   */
  value?(pooled: Pooled, context: { readonly params: V }): Value;
  /** Returns the pose weight m_n. Default 1; 0 leaves the pose out. */
  readonly weight?: PoseWeight<Pose> | undefined;
}

/** The functions of a {@link pooling} that record log-weight, values and ΔG. */
export type Pool = Pick<PoolingOptions, 'logWeight' | 'values' | 'value'>;
