import type { Affinity } from '../read/affinities.ts';

/** Files of a compound, and how strongly it binds. */
export interface Source {
  readonly name: string;
  /** Name of its receptor, or of the group that it belongs to. */
  readonly target: string;
  readonly receptor: string;
  readonly poses: string;
  readonly affinity: Affinity;
}

/** A compound, ready to be fitted. */
export interface FitCompound<Pose = unknown> {
  readonly name: string;
  readonly target: string;
  readonly poses: Iterable<Pose>;
  readonly poseCount: number;
  /** Measured −log₁₀ of the dissociation constant in mol/L. */
  readonly pKi: number;
  /** Side on which the true pKi lies: at least this ('lower') or at most ('upper'). */
  readonly bound?: 'lower' | 'upper';
}

/** Role of a compound in a fit: the weights are fitted to it, chosen by it, or neither. */
export type Part = 'fitted' | 'validation' | 'left out';

/** kT at 298.15 K, kcal/mol: ΔG = −kT ln 10 · pKi. */
export const roomKT: number = (298.15 * 8.31446261815324) / 4184;

/** ΔG in kcal/mol of a pKi. */
export function bindingEnergy(pKi: number): number {
  return -roomKT * Math.LN10 * pKi;
}
