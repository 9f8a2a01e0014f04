import type { DeviceLostError, Executor } from '../engine/executor.ts';
import type { Memory } from '../engine/memory.ts';
import type { Tape, Value } from '../engine/tape.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { Accumulator, AccumulatorResult } from './accumulator.ts';
import type { BadPose, Reasons } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import type { Ledger } from './ledger.ts';
import type { Params } from './params.ts';
import type { Workers } from './workers.ts';

/** The parameters as values on a tape. */
export type ParamValues<P extends Params> = { readonly [Name in keyof P]: Value };

/**
 * A function that records ΔG_n of one pose and returns a value of shape [] or [1], or [K] if the combination takes several
 * numbers. It is synchronous and only records: the numbers are computed later.
 */
export type Scorer<Pose, P extends Params> = (tape: Tape, params: ParamValues<P>, pose: Pose) => Value;

/**
 * A function that records ΔG_n of several poses on one tape and returns a value of shape [poses], or [poses, K] if the
 * combination takes several numbers. `collate` joins the rows of the poses.
 */
export type GroupScorer<Pose, P extends Params> = Scorer<readonly Pose[], P>;

/** Context of the functions that are called after the scorer. The gradient includes their use of the parameters. */
export interface ParamsContext<P extends Params = Params> {
  /** The parameters as values of the tape. */
  readonly params: ParamValues<P>;
}

/** Second argument of a loss. */
export interface LossContext<P extends Params = Params> extends ParamsContext<P> {
  /** The predictions ΔG_n, shape [poses] or [poses, K]. Reading them under `stream` is an error. */
  readonly predictions: Value;
}

/** Second argument of the functions called for each pose after the scorer. */
export interface PoseContext<Pose = unknown, P extends Params = Params> extends ParamsContext<P> {
  /** Index of the pose, in the order read. */
  readonly index: number;
  /** The pose as passed to the scorer. */
  readonly pose: Pose;
}

/**
 * A combination in ops: a function that records ΔG from the predictions, of shape [poses] or [poses, K]. It runs under
 * `recompute` and `full-graph`.
 */
export type CombinationInOps<P extends Params = Params> = (
  predictions: Value,
  context: ParamsContext<P>,
) => Value;

/** The way to go through the poses. All three give the same result; they differ in time and memory. */
export type Strategy = 'stream' | 'recompute' | 'full-graph';

/** Argument of `onPose`, which is called after each pose. */
export interface PoseProgress {
  /** Index of the pose, in the order read. */
  readonly index: number;
  /** ΔG_n; NaN for a skipped pose. */
  readonly prediction: number;
  /**
   * Number of the current pass over the poses, from 1. `recompute` makes two, plus one each time that poses with a bad
   * gradient are skipped; `passes` grows when such a pass begins.
   */
  readonly pass: number;
  /** Number of passes expected so far. */
  readonly passes: number;
}

/** Options of {@link combinePoses}. */
export interface CombineOptions<Pose, P extends Params> {
  /** The poses, in any form that the scorer reads. `recompute` reads them twice. */
  readonly poses: Iterable<Pose> | AsyncIterable<Pose>;
  /**
   * Parameters θ: tensors by name. Each call reads their arrays anew, so a training step may change them in place between
   * calls. If they change during a call, such as in `onPose`, the call throws at its end. Concurrent calls may share them.
   */
  readonly params: P;
  /** Records ΔG_n of one pose, or of a list of poses with `posesPerTape`: see {@link Grouped}. */
  readonly score: Scorer<Pose, P>;
  /** Number of poses that share a tape: see {@link Grouped}. Default: each pose has its own tape. */
  readonly posesPerTape?: undefined;
  /** Workers that score the poses: see {@link ByWorkers}. Default: poses are scored in this thread. */
  readonly pool?: undefined;
  /** The combination: `mean()`, `lse()`, `boltzmann()` or another built-in, your own `pooling`, or a function in ops. */
  readonly combination: Combination | CombinationInOps<P>;
  /**
   * The way to go through the poses. Default `stream`, but `recompute` for a combination in ops, and for a pooling whose
   * scores or values have more than four numbers if the poses can be read twice (unless `pool`, `gradient: false` or
   * `keepPredictions: false` is given). A loss that reads all predictions needs `recompute` or `full-graph`.
   */
  readonly strategy?: Strategy;
  /**
   * Records the loss of the readout if there is one, else of ΔG. A loss that reads `predictions` from its context runs only
   * under `recompute` or `full-graph`. Under `stream` it is also recorded once before the poses, so that its errors appear at
   * once (but not with a pooling, for which the shape of ΔG is not yet known).
   */
  readonly loss?: (prediction: Value, context: LossContext<P>) => Value;
  /** Records the loss of a single pose. It is summed over the poses and added to `loss`. */
  readonly poseLoss?: (prediction: Value, context: PoseContext<Pose, P>) => Value;
  /** Records the quantity that the loss compares, computed from ΔG, such as `pKi()`. */
  readonly readout?: (prediction: Value, context: ParamsContext<P>) => Value;
  /** Records the quantity that the poseLoss compares, computed from ΔG_n. It does not affect the combination. */
  readonly poseReadout?: (prediction: Value, context: PoseContext<Pose, P>) => Value;
  /** Executor of the tapes. Default: a `jit()` in float64 that all calls share; under `full-graph`, `interpreter()`. */
  readonly executor?: Executor;
  /**
   * Returns an executor to continue with when the device of `executor` is lost. The failed pose runs again, and earlier poses
   * are kept. Without this option, the {@link DeviceLostError} is thrown.
   */
  readonly onDeviceLost?: (lost: DeviceLostError) => Executor | Promise<Executor>;
  /** Called after each pose. A returned promise is awaited. */
  readonly onPose?: (progress: PoseProgress) => unknown;
  /**
   * Aborts the call, which throws the signal's reason: at once while it awaits a pose, `onPose` or `onDeviceLost`, else after
   * the current run of the executor (under `full-graph`, the run of all poses). An async iterator is asked to close, but not
   * awaited.
   */
  readonly signal?: AbortSignal;
  /**
   * Action on a NaN or infinite prediction or gradient: `throw` (default) a `BadPoseError`, or `skip` the pose, list it in
   * `stats.badPoses` and combine the others.
   *
   * For the first bad pose of a call, the reason names the first value that went bad. Finding it takes milliseconds if most
   * numbers of the pose are bad, as when model weights diverge, and at most the time and memory of one run of the pose on
   * `interpreter()`. `stats.peakBytes` includes that memory. Later bad poses get a short reason: to find the cause of one,
   * run it alone. Under `recompute`, skipping poses with a bad gradient costs one more pass over the others. Under
   * `full-graph`, a bad gradient is located by running each pose alone.
   */
  readonly badPose?: 'throw' | 'skip';
  /**
   * Threshold of influence, from 0 to below 1. The gradient of a pose with less influence is left out of the sum, and
   * `stats.backwardSkipped` counts the pose. With 0, the default, a pose is skipped only if its influence underflows to
   * 0, which does not change the result. A skipped gradient is not checked, so an infinite one does not make the pose
   * bad.
   *
   * Under `stream`, the influence is (e_n/S)(1 + |σ(h_n − r)|) at the time when the pose is read, in the symbols of
   * docs/maths.md, so it depends on the order. A pose with a poseLoss is never skipped, and the poses of a tape are
   * skipped together or not at all. Under `recompute`, the influence is the pose's share of the sum of all |L′c_n + L′_n|.
   * `full-graph` skips none.
   *
   * The executor affects only the time saved, not the result. `interpreter()` stops after the prediction. `jit()`,
   * `wasm()` and `gpu()` run forward and backward together, so they save nothing under `stream`. Under `recompute`, a
   * skipped pose has no second run on any executor.
   */
  readonly tolerance?: number;
  /** False to compute only predictions and ΔG. Default true. */
  readonly gradient?: boolean;
  /**
   * False, under `stream`, to keep no numbers of single poses, so that memory does not grow with the number of poses.
   * Predictions, weights and coefficients are then empty. Default true.
   */
  readonly keepPredictions?: boolean;
}

/**
 * Options with several poses on one tape. The scorer gets a list of at most `posesPerTape` poses and returns shape
 * [poses] or [poses, K]. The result is the same as with a tape for each pose. The fixed cost of a tape (recording,
 * cache key, launch, sums of the size of θ) is paid once for the group. A tape of several poses takes as much memory as
 * their single tapes together. A tape for `boltzmann` has two backward passes, and one for a pooling of J values has
 * 1 + J; `jit()` may store values that the passes of a pooling share.
 *
 * If a tape fails or gives a bad number, its poses run one by one, to find the bad ones. `onPose` is called for each pose after
 * the run of its group. For small poses, 8 to 16 is a good number; large poses gain nothing.
 */
export type Grouped<Options, Pose, P extends Params> = Omit<Options, 'score' | 'posesPerTape'> & {
  /** Records ΔG_n of a list of poses. */
  readonly score: GroupScorer<Pose, P>;
  /** Number of poses that share a tape, at least 1. */
  readonly posesPerTape: number;
};

/**
 * Options with workers, which score the poses in chunks of a fixed size. The workers' module exports the scorer, the
 * executor, and the functions that are called for each pose. Each item of `poses` goes to the module's `load`, or to its
 * scorer if it exports no `load`.
 */
export type ByWorkers<Options> = Omit<
  Options,
  'pool' | 'score' | 'posesPerTape' | 'poseLoss' | 'poseReadout' | 'executor' | 'onDeviceLost'
> & {
  /** The workers, made by `workers` of posetape/parallel. */
  readonly pool: Workers;
  /** Number of poses that share a tape; the module's `scoreGroup` then scores them. */
  readonly posesPerTape?: number;
} & { readonly [Name in 'score' | 'poseLoss' | 'poseReadout' | 'executor' | 'onDeviceLost']?: undefined };

/** All forms of the options of `combinePoses`: without and with groups, and with workers. */
export type AnyCombineOptions<Pose, P extends Params> =
  | CombineOptions<Pose, P>
  | Grouped<CombineOptions<Pose, P>, Pose, P>
  | ByWorkers<CombineOptions<Pose, P>>;

/** Options of a call with defaults filled in, and state that the strategies share. */
export interface Task<Pose = unknown> {
  readonly poses: Iterable<Pose> | AsyncIterable<Pose>;
  /** Index of the first pose: 0, except in a chunk. */
  readonly first: number;
  /** Workers that score the poses in chunks; absent if they are scored in this thread. */
  readonly pool: Workers | undefined;
  readonly params: Params;
  /** @throws Error naming the parameter whose numbers changed since the call began */
  readonly checkParams: () => void;
  /** The tensors of `params`, which hold the same numbers for all poses. */
  readonly shared: ReadonlySet<Tensor>;
  /** Scores the poses of one tape; without `posesPerTape`, a list of one pose. */
  readonly score: GroupScorer<Pose, Params>;
  readonly posesPerTape: number | undefined;
  readonly combination: Combination | CombinationInOps;
  readonly loss: CombineOptions<Pose, Params>['loss'];
  readonly poseLoss: CombineOptions<Pose, Params>['poseLoss'];
  readonly readout: CombineOptions<Pose, Params>['readout'];
  readonly poseReadout: CombineOptions<Pose, Params>['poseReadout'];
  readonly executor: Executor;
  readonly onPose: CombineOptions<Pose, Params>['onPose'];
  readonly signal: AbortSignal | undefined;
  readonly skipsBadPoses: boolean;
  readonly reasonOf: Reasons;
  readonly tolerance: number;
  readonly wantsGradient: boolean;
  readonly keepsPredictions: boolean;
  readonly memory: Memory;
  /** Counts poses whose tapes are alive, as `memory` counts bytes. */
  readonly tapes: Memory;
}

/** The part of a task from which the objective is computed, given sums over the poses. */
export type Closing<Pose> = Pick<Task<Pose>, 'combination' | 'params' | 'readout' | 'loss' | 'poseLoss'>;

/** Result of a strategy. */
export interface Outcome extends ObjectiveNumbers {
  readonly gradient: AccumulatorResult['gradient'];
  /** Numbers of single poses; empty if they are not kept. */
  readonly ledger: Ledger;
  /** Sums over the poses; absent for a combination in ops. */
  readonly accumulator: Accumulator | undefined;
  readonly backwardSkipped: number;
  readonly badPoses: readonly BadPose[];
  /** Number of poses combined. */
  readonly poses: number;
}

/** Numbers of an objective. */
export interface ObjectiveNumbers {
  /** ΔG: one number, or several if the combination gives several. */
  readonly values: Float64Array;
  readonly readout: number | undefined;
  readonly loss: number | undefined;
}
