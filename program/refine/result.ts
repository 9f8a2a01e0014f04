import type { Skipped } from '../score/result.ts';
import type { Refined } from './refiner.ts';

/** Refinement of one pose. Energies in kcal/mol, for SchNet in the unit that it was fitted to. */
export interface PoseResult extends Omit<Refined, 'coordinates'> {
  readonly file: string;
  /** From 1, in its file. */
  readonly pose: number;
  /** Name in the file, or ''. */
  readonly name: string;
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
