import type { Executor } from '../engine/executor.ts';
import type { State } from './accumulator-json.ts';
import type { BadPose } from './bad-pose.ts';
import type { Fold } from './fold.ts';
import type { Params, Tensors } from './params.ts';
import type { BackwardPlan, FoldResult, PlannedPose, PredictedRow, Row } from './rows.ts';

/** Workers that score poses in chunks, for the option `pool`: made by `workers` of posetape/parallel. */
export interface Workers {
  /** Number of chunks that run at once. */
  readonly threads: number;
  /** Number of poses in a chunk. The last chunk of a call may be smaller. */
  readonly posesPerChunk: number;
  /** Returns the names of the exports of the workers' module, and its executor. @internal */
  moduleInfo(): Promise<ModuleInfo>;
  /** Copies the parameters to where workers read them. @internal */
  send(params: Params): SentParams;
  /**
   * Runs a chunk.
   *
   * @throws the error of the scorer; Error naming the poses if their worker fails or the parameters are released
   * @internal
   */
  run<Kind extends WorkKind>(chunk: Chunk<Kind>, params: SentParams): Promise<Answers[Kind]>;
}

/** @throws TypeError unless the option `pool` was made by `workers` */
export function checkPool(pool: Workers): void {
  if (typeof pool?.run !== 'function')
    throw new TypeError('combinePoses: pool must be made by workers() of posetape/parallel');
}

/** Parameters of a call that were sent to workers. */
export interface SentParams {
  /** Releases the parameters and abandons chunks that have no answer yet. */
  release(): void;
}

/** Names of the exports of the workers' module, and its executor. */
export interface ModuleInfo {
  readonly exports: readonly string[];
  readonly executor: Pick<Executor, 'name' | 'precision'>;
}

/** Consecutive poses and the work to do on them, in a form that can be sent to another thread. */
export interface Chunk<Kind extends WorkKind = WorkKind> {
  /** Index of the first pose. */
  readonly first: number;
  readonly poses: readonly unknown[];
  readonly scoring: ChunkScoring;
  readonly kind: Kind;
  readonly work: Works[Kind];
}

/** The options of a call that its chunks need. */
export interface ChunkScoring {
  /** The fold without its functions; absent for a combination in ops, which runs only in the thread of the call. */
  readonly fold: Omit<Fold, 'summary' | 'factors'> | undefined;
  /** True if the combination has functions, and so must be an export of the module. */
  readonly isExported: boolean;
  /** Numbers of the settings that are functions of the parameters. Those of the module's combination must be equal. */
  readonly learned: Readonly<Record<string, number>>;
  readonly posesPerTape: number | undefined;
  readonly skipsBadPoses: boolean;
  readonly tolerance: number;
  readonly wantsGradient: boolean;
}

/** Data for each kind of work: the pass of `stream`, and the first and later passes of `recompute`. */
export interface Works {
  readonly fold: { readonly wantsRows: boolean };
  readonly forward: undefined;
  readonly backward: Omit<BackwardPlan, 'poseOf' | 'length'> & {
    readonly planned: readonly (PlannedPose | undefined)[];
  };
}

export type WorkKind = keyof Works;

/** Results of each kind of work. Poses are in the order of the chunk. */
export interface Answers {
  readonly fold: ChunkStats &
    Omit<FoldResult, 'accumulator'> & {
      readonly state: State;
      /** Rows of the poses; empty if not wanted. */
      readonly rows: readonly (Row | undefined)[];
    };
  readonly forward: ChunkStats & {
    readonly weightless: number;
    readonly rows: readonly (PredictedRow | undefined)[];
  };
  readonly backward: ChunkStats & {
    readonly gradient: Tensors;
    readonly backwardSkipped: number;
    /** Index of each pose of the plan, and true if it is bad. */
    readonly done: readonly (readonly [index: number, isBad: boolean])[];
  };
}

interface ChunkStats {
  readonly badPoses: readonly BadPose[];
  readonly peakBytes: number;
  readonly tapesAlive: number;
}
