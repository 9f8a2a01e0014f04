import type { DockedPose } from '../../../program/vina/poses.ts';
import type { combine, curve } from './combine.ts';
import type { executors } from './executors.ts';
import type { memory } from './memory.ts';
import type { molecules } from './molecules.ts';
import type { open } from './open.ts';
import type { tryScorer } from './scorer.ts';
import type { slope } from './slope.ts';
import type { trace } from './trace.ts';

/** Poses that a worker keeps from one task to the next. */
export class Context {
  #poses: readonly DockedPose[] | undefined;

  /**
   * Poses of the chosen compound in the files that were opened last.
   *
   * @throws Error if no files have been opened yet
   */
  get poses(): readonly DockedPose[] {
    if (!this.#poses) throw new Error('no files have been opened yet');
    return this.#poses;
  }

  /**
   * Returns the pose with this index, from 0.
   *
   * @throws RangeError if there is no such pose
   */
  poseAt(index: number): DockedPose {
    const pose = this.poses[index];
    if (!pose) throw new RangeError(`there is no pose ${index + 1}, only ${this.poses.length}`);
    return pose;
  }

  set poses(poses: readonly DockedPose[]) {
    this.#poses = poses;
  }
}

/** Function that reports the progress of a task to the page. */
export type Report<Progress> = (progress: Progress) => void;

/** Tasks of the workers. Inputs and outputs are copied between page and worker, so they are plain data. */
export interface Tasks {
  readonly open: typeof open;
  readonly molecules: typeof molecules;
  readonly combine: typeof combine;
  readonly curve: typeof curve;
  readonly slope: typeof slope;
  readonly trace: typeof trace;
  readonly memory: typeof memory;
  readonly tryScorer: typeof tryScorer;
  readonly executors: typeof executors;
}

export type TaskName = keyof Tasks;
export type Input<Name extends TaskName> = Parameters<Tasks[Name]>[1];
export type Output<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>;
export type Progress<Name extends TaskName> =
  Parameters<Tasks[Name]> extends [unknown, unknown, Report<infer P>] ? P : never;

/** Message from the page. */
export interface Request {
  readonly id: number;
  readonly task: TaskName;
  readonly input: unknown;
}

/** Message from a worker: progress any number of times, then either the output or an error. */
export type Answer = { readonly id: number } & (
  | { readonly kind: 'progress'; readonly progress: unknown }
  | { readonly kind: 'output'; readonly output: unknown }
  | { readonly kind: 'error'; readonly message: string }
);
