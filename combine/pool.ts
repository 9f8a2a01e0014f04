import type { Operand, Value } from '../engine/tape.ts';
import type { Values } from './settings.ts';

/** The weight m_n of a pose: a multiplicity, or one given from outside. 0 leaves the pose out. */
export type PoseWeight<Pose = unknown> = {
  // A method's type, since methods are bivariant: a combination does not know the type of the poses.
  /** The weight of a pose. */
  weight(pose: Pose, index: number): number;
}['weight'];

/** Given to what a pooling records of each pose. */
export interface PoolContext<Pose = unknown, V extends Values = Values> {
  /** The parameters as values of the tape. */
  readonly params: V;
  /** The pose as the scorer is given it. */
  readonly pose: Pose;
  /** Which pose, in the order they are read. */
  readonly index: number;
}

/** Averages that a pooling's `value` makes ΔG of. */
export interface Pooled {
  /** p̄ = Σ w_n p_n, shape [m]. */
  readonly mean: Value;
  /** log Z = ln Σ m_n exp(ℓ_n), shape []. */
  readonly logSum: Value;
  /** log Z − ln Σ m_n, shape []; it keeps its digits where all log-weights are near 0. */
  readonly logMean: Value;
  /** Σ m_n: the number of poses, unless they have weights of their own. */
  readonly count: number;
}

/** Options of {@link pooling}. */
export interface PoolingOptions<Pose = unknown, V extends Values = Values> {
  /** For errors and saved states. */
  readonly name: string;
  /** Numbers that tell poolings of one name apart in saved states. */
  readonly settings?: Readonly<Record<string, number>>;
  /** ℓ_n, a single number: how much the pose counts. Default 0: alike. */
  logWeight?(score: Value, context: PoolContext<Pose, V>): Operand;
  /** p_n, one number or m: what is averaged. Default the score; false where only log Z is wanted. */
  readonly values?: false | ((score: Value, context: PoolContext<Pose, V>) => Operand);
  /** ΔG, one number or several, if a loss or readout makes one of them. Default the mean. */
  value?(pooled: Pooled, context: { readonly params: V }): Value;
  /** m_n: a multiplicity, or a weight given from outside. Default 1; 0 leaves the pose out. */
  readonly weight?: PoseWeight<Pose> | undefined;
}

/** Functions that record each pose, and the averages. */
export type Pool = Pick<PoolingOptions, 'logWeight' | 'values' | 'value'>;
