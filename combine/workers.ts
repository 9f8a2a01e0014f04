import type { Executor } from '../engine/executor.ts';
import type { State } from './accumulator-json.ts';
import type { BadPose } from './bad-pose.ts';
import type { Fold } from './fold.ts';
import type { Params, Tensors } from './params.ts';
import type { BackwardPlan, PlannedPose, PredictedRow, Row, Sums } from './rows.ts';

/** Workers that score poses in chunks, for the option `pool`: made by `workers` of posetape/parallel. */
export interface Workers {
  /** Number of chunks that are run at once. */
  readonly threads: number;
  /** Number of poses of a chunk; that of the last one of a call may be smaller. */
  readonly posesPerChunk: number;
  /** Exports of the workers' module. @internal */
  facts(): Promise<ScorerFacts>;
  /** Copies the parameters to where workers read them. @internal */
  send(params: Params): SentParams;
  /**
   * Runs a chunk.
   *
   * @throws Error of the scorer, or naming the poses; or when the parameters are released
   * @internal
   */
  run<Kind extends WorkKind>(chunk: Chunk<Kind>, params: SentParams): Promise<Answers[Kind]>;
}

/** @throws TypeError for an option `pool` that is no workers */
export function checkPool(pool: Workers): void {
  if (typeof pool?.run !== 'function')
    throw new TypeError('combinePoses: pool must be what workers() of posetape/parallel gives');
}

/** Parameters as workers read them. */
export interface SentParams {
  /** Ends their use: chunks that have not been answered are given up. */
  release(): void;
}

/** Names of what a module of workers exports, and the executor that it runs. */
export interface ScorerFacts {
  readonly exports: readonly string[];
  readonly executor: Pick<Executor, 'name' | 'precision'>;
}

/** Consecutive poses, and what to do with them; all of it can be sent to another thread. */
export interface Chunk<Kind extends WorkKind = WorkKind> {
  /** Index of its first pose. */
  readonly first: number;
  readonly poses: readonly unknown[];
  readonly scoring: ChunkScoring;
  readonly kind: Kind;
  readonly work: Works[Kind];
}

/** Options of a call, as far as chunks need them. */
export interface ChunkScoring {
  /** Without its functions; absent for a combination of one's own in ops, which only the caller records. */
  readonly fold: Omit<Fold, 'summary' | 'factors'> | undefined;
  /** True if the combination has functions, which the module exports. */
  readonly isExported: boolean;
  /** The settings that functions make of the parameters: the module's must come to the same. */
  readonly learned: Readonly<Record<string, number>>;
  readonly posesPerTape: number | undefined;
  readonly skipsBadPoses: boolean;
  readonly tolerance: number;
  readonly wantsGradient: boolean;
}

/** Kinds of work: the pass of `stream`, and the two of `recompute`. */
export interface Works {
  readonly fold: { readonly wantsRows: boolean };
  readonly forward: undefined;
  readonly backward: Omit<BackwardPlan, 'poseOf' | 'length'> & {
    readonly planned: readonly (PlannedPose | undefined)[];
  };
}

export type WorkKind = keyof Works;

/** Results of the kinds of work; poses in the order of the chunk. */
export interface Answers {
  readonly fold: Counted &
    Omit<Sums, 'accumulator'> & {
      readonly state: State;
      /** Empty where they are not wanted. */
      readonly rows: readonly (Row | undefined)[];
    };
  readonly forward: Counted & {
    readonly weightless: number;
    readonly rows: readonly (PredictedRow | undefined)[];
  };
  readonly backward: Counted & {
    readonly gradient: Tensors;
    readonly backwardSkipped: number;
    /** Of the poses that had a plan, index and whether they were bad. */
    readonly done: readonly (readonly [index: number, isBad: boolean])[];
  };
}

interface Counted {
  readonly badPoses: readonly BadPose[];
  readonly peakBytes: number;
  readonly tapesAlive: number;
}
