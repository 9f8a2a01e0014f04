import type { Affinity } from '../read/affinities.ts';

/** Files and measured affinity of a compound. */
export interface Source {
  readonly name: string;
  /** Name of the compound's target: compounds of one target form a group. */
  readonly target: string;
  readonly receptor: string;
  readonly poses: string;
  readonly affinity: Affinity;
  /** Path of the file that states the affinity. */
  readonly measuredIn: string;
}

/** A compound, ready to be fitted. */
export interface FitCompound<Pose = unknown> {
  readonly name: string;
  readonly target: string;
  readonly poses: Iterable<Pose>;
  readonly poseCount: number;
  /** Measured −log₁₀ of the dissociation constant in mol/L. */
  readonly pKi: number;
  /** 'lower' if the true pKi is at least `pKi`, 'upper' if it is at most `pKi`; absent for an exact measurement. */
  readonly bound?: 'lower' | 'upper';
}

/** Role of a compound in a fit: it counts in the loss, it counts in the validation loss, or it is only predicted. */
export type Part = 'fitted' | 'validation' | 'left out';

/** kT at 298.15 K, in kcal/mol. */
export const roomKT: number = (298.15 * 8.31446261815324) / 4184;

/** Converts a pKi to ΔG = −kT ln 10 · pKi, in kcal/mol. */
export function bindingEnergy(pKi: number): number {
  return -roomKT * Math.LN10 * pKi;
}
