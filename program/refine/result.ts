import type { Skipped } from '../score/result.ts';
import type { Energies } from './field.ts';

/** Refinement of one pose. Energies in kcal/mol, for SchNet in the unit that it was fitted to. */
export interface PoseResult {
  readonly file: string;
  /** From 1, in its file. */
  readonly pose: number;
  /** Name in the file, or ''. */
  readonly name: string;
  readonly before: Energies;
  readonly after: Energies;
  /** Root mean square of how far the heavy atoms have moved, in Å. */
  readonly rmsd: number;
  readonly steps: number;
  readonly evaluations: number;
  /** True if it stopped because there was nothing left to gain. */
  readonly converged: boolean;
}

/** Results of all poses that were asked for. */
export interface RefineResults {
  readonly receptor: string;
  readonly scorer: 'vina' | 'schnet';
  readonly weights?: string;
  readonly steps: number;
  readonly tolerance: number;
  /** File of the refined poses. */
  readonly out?: string;
  /** In the order they are written. */
  readonly poses: readonly PoseResult[];
  /** Number of poses that were refined. */
  readonly refined: number;
  readonly seconds: number;
  readonly skipped: readonly Skipped[];
}
