import type { Skipped } from '../score/result.ts';
import type { Refined } from './refiner.ts';

/** Result of one pose. Energies are in kcal/mol; those of a SchNet are in the unit that it was fitted to. */
export interface PoseResult extends Omit<Refined, 'coordinates'> {
  readonly file: string;
  /** Number of the pose in its file, from 1. Poses that cannot be read are counted, too. */
  readonly pose: number;
  /** Name in the file, or ''. */
  readonly name: string;
}

/** Results of a run of `refine`. */
export interface RefineResults {
  readonly receptor: string;
  readonly scorer: 'vina' | 'schnet';
  readonly weights?: string;
  /** The option `steps`: the most steps that a pose may take. */
  readonly steps: number;
  readonly tolerance: number;
  /** File of the refined poses. */
  readonly out?: string;
  /** Poses in the order in which they were read; with the option `top`, the best pose first. */
  readonly poses: readonly PoseResult[];
  /** Number of refined poses, including those that `top` leaves out. */
  readonly refined: number;
  readonly seconds: number;
  readonly skipped: readonly Skipped[];
}
