import type { Ensemble } from '../../../program/vina/ensemble.ts';
import type { Pose } from '../../vina/pairs.ts';
import { combine, curve } from './combine.ts';
import { executors } from './executors.ts';
import { memory } from './memory.ts';
import { open } from './open.ts';
import { tryScorer } from './scorer.ts';
import { slope } from './slope.ts';
import { trace } from './trace.ts';

/** Poses, which a worker keeps from one task to the next. */
export class Context {
  ensemble: Ensemble | undefined;

  /** @throws Error before any file was opened */
  get poses(): readonly Pose[] {
    if (!this.ensemble) throw new Error('no files were opened yet');
    return this.ensemble.poses;
  }
}

/** Tells the page how far a task has come. */
export type Report<Progress> = (progress: Progress) => void;

/** Everything the page computes. Inputs and outputs are copied between page and worker, so they are plain data. */
export interface Tasks {
  readonly open: typeof open;
  readonly combine: typeof combine;
  readonly curve: typeof curve;
  readonly slope: typeof slope;
  readonly trace: typeof trace;
  readonly memory: typeof memory;
  readonly tryScorer: typeof tryScorer;
  readonly executors: typeof executors;
}

export const tasks: Tasks = { open, combine, curve, slope, trace, memory, tryScorer, executors };

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

/** Answer of a worker: progress any number of times, then the result once. */
export type Answer = { readonly id: number } & (
  | { readonly kind: 'progress'; readonly progress: unknown }
  | { readonly kind: 'output'; readonly output: unknown }
  | { readonly kind: 'error'; readonly message: string }
);
