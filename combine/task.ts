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

/** The parameters as values on a pose's tape. */
export type ParamValues<P extends Params> = { readonly [Name in keyof P]: Value };

/**
 * A function that records ΔG_n of one pose: a value of shape [] or [1], or [K] if the combination takes several numbers. It is
 * synchronous and only records; the numbers are computed later.
 */
export type Scorer<Pose, P extends Params> = (tape: Tape, params: ParamValues<P>, pose: Pose) => Value;

/**
 * A function that records ΔG_n of several poses on one tape: a value of shape [poses], or [poses, K] if the combination takes
 * several numbers. {@link collate} joins the poses' rows.
 */
export type GroupScorer<Pose, P extends Params> = Scorer<readonly Pose[], P>;

/** The parameters, for functions called after the scorer. Their uses here count in the gradient, too. */
export interface ParamsContext<P extends Params = Params> {
  /** The parameters as values of the tape. */
  readonly params: ParamValues<P>;
}

/** Second argument of a loss. */
export interface LossContext<P extends Params = Params> extends ParamsContext<P> {
  /** The predictions ΔG_n, shape [N] or [N, K]. Reading them under `stream` is an error. */
  readonly predictions: Value;
}

/** Second argument of the functions called for each pose after the scorer. */
export interface PoseContext<Pose = unknown, P extends Params = Params> extends ParamsContext<P> {
  /** Index of the pose, in the order read. */
  readonly index: number;
  /** The pose as passed to the scorer. */
  readonly pose: Pose;
}

/** A custom combination written in ops, of the predictions, shape [N] or [N, K]. Runs under `recompute` and `full-graph`. */
export type CombinationInOps<P extends Params = Params> = (
  predictions: Value,
  context: ParamsContext<P>,
) => Value;

/** The way to go through the poses. It sets how many tapes are alive at once; all three give the same answer. */
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
   * θ: tensors by name. Each call reads their arrays afresh, so a training step may change them in place between calls.
   * Changing them during a call, such as in `onPose`, makes the call throw at its end, on every executor. Concurrent calls may
   * share them.
   */
  readonly params: P;
  /** Records ΔG_n of one pose; with `posesPerTape`, of a list of poses: see {@link Grouped}. */
  readonly score: Scorer<Pose, P>;
  /** Number of poses that share a tape: see {@link Grouped}. Default: each pose has its own tape. */
  readonly posesPerTape?: undefined;
  /** Workers that score the poses: see {@link ByWorkers}. Default: poses are scored in this thread. */
  readonly pool?: undefined;
  /** `mean()`, `lse()`, `boltzmann()` or another built-in, your own `pooling`, or any function in ops. */
  readonly combination: Combination | CombinationInOps<P>;
  /**
   * Default `stream`; `recompute` for a custom combination in ops, and for a pooling whose scores or values have more than
   * four numbers, if the poses can be read twice. A loss that reads all predictions needs `recompute` or `full-graph`.
   */
  readonly strategy?: Strategy;
  /**
   * Loss of the readout if there is one, else of ΔG. A loss that reads `predictions` from its context runs only under
   * `recompute` or `full-graph`. Under `stream` it is also recorded once before the poses, so that a mistake shows at once.
   */
  readonly loss?: (prediction: Value, context: LossContext<P>) => Value;
  /** Loss of a single pose, summed over the poses and added to `loss`. */
  readonly poseLoss?: (prediction: Value, context: PoseContext<Pose, P>) => Value;
  /** Converts ΔG to the quantity that the loss compares, such as `pKi()`. */
  readonly readout?: (prediction: Value, context: ParamsContext<P>) => Value;
  /** Converts ΔG_n to the quantity that the poseLoss compares. The combination does not see it. */
  readonly poseReadout?: (prediction: Value, context: PoseContext<Pose, P>) => Value;
  /** Default: a `jit()` in float64 that all calls share; under `full-graph`, `interpreter()`. */
  readonly executor?: Executor;
  /**
   * Returns an executor to continue with when the device of `executor` is lost. The failed pose is run again; earlier poses
   * are kept. Without this option, the {@link DeviceLostError} is thrown.
   */
  readonly onDeviceLost?: (lost: DeviceLostError) => Executor | Promise<Executor>;
  /** Called after each pose. A returned promise is awaited. */
  readonly onPose?: (progress: PoseProgress) => unknown;
  /**
   * Aborts the call with the signal's reason: at once while it awaits a pose, `onPose` or `onDeviceLost`, else after the
   * current run of the executor (`full-graph`: one run of all poses). An async iterator is asked to close, but not awaited.
   */
  readonly signal?: AbortSignal;
  /**
   * Action on a NaN or infinite prediction or gradient: `throw` (default) a `BadPoseError`, or `skip` the pose, list it in
   * `stats.badPoses` and combine the others.
   *
   * For the first bad pose of a call, the reason names the first value that went bad. Finding it takes milliseconds if most
   * of the pose's numbers are bad, as when weights diverge, and at most the time and memory of one run of the pose on
   * `interpreter()`; `stats.peakBytes` counts that memory. Later bad poses get a short reason; to find the cause of one, run
   * it alone. Under `recompute`, skipping poses with a bad gradient costs one more pass over the others; under `full-graph`,
   * a bad gradient is located by running each pose on its own.
   */
  readonly badPose?: 'throw' | 'skip';
  /**
   * Threshold from 0 to below 1: the gradient of a pose whose influence is below it is left out of the sum, and
   * `stats.backwardSkipped` counts the pose. Default 0: only poses whose weight underflows are skipped, which loses nothing.
   * A skipped gradient is not checked, so an infinite one does not make the pose bad.
   *
   * Under `stream`, influence is (e_n/S)(1 + |σ(ΔG_n − r)|) at the time the pose is read, so it depends on the order. A pose
   * with a poseLoss is never skipped, and the poses of a tape are skipped together or not at all. Under `recompute`,
   * influence is the pose's share of Σ |coefficient|. `full-graph` skips none.
   *
   * The answer is the same on every executor; the time saved is not. `interpreter()` stops after the prediction. `jit()`,
   * `wasm()` and `gpu()` run forward and backward together, so under `stream` they save nothing. Under `recompute` a skipped
   * pose has no second run on any executor.
   */
  readonly tolerance?: number;
  /** false: compute only predictions and ΔG. Default true. */
  readonly gradient?: boolean;
  /**
   * false, under `stream`: keep no numbers per pose, so memory does not grow with the number of poses; predictions, weights
   * and coefficients are empty. Default true.
   */
  readonly keepPredictions?: boolean;
}

/**
 * Options with several poses on one tape. The scorer gets a list of at most `posesPerTape` poses and returns shape [poses] or
 * [poses, K]. The answer is the same. The fixed cost of a tape (recording, cache key, launch, sums of the size of θ) is paid
 * once for the group. Memory is that of as many single tapes, with two backward passes for `boltzmann` and 1 + m for a pooling;
 * `jit()` may store values that the passes of a pooling share.
 *
 * If a tape fails or gives a bad number, its poses are run one by one to find which caused it. `onPose` is called for each
 * pose after the run of its group. For small poses, 8 to 16 is a good number; large poses gain nothing.
 */
export type Grouped<Options, Pose, P extends Params> = Omit<Options, 'score' | 'posesPerTape'> & {
  /** Records ΔG_n of a list of poses. */
  readonly score: GroupScorer<Pose, P>;
  /** Number of poses that share a tape, at least 1. */
  readonly posesPerTape: number;
};

/**
 * Options with workers that score the poses in chunks of a fixed size. The workers' module exports the scorer, the executor and
 * the functions that are called for each pose. The poses are the arguments of its `load`, or of the scorer if there is no `load`.
 */
export type ByWorkers<Options> = Omit<
  Options,
  'pool' | 'score' | 'posesPerTape' | 'poseLoss' | 'poseReadout' | 'executor' | 'onDeviceLost'
> & {
  /** Made by `workers` of posetape/parallel. */
  readonly pool: Workers;
  /** Number of poses that share a tape; the module's `scoreGroup` then scores them. */
  readonly posesPerTape?: number;
} & { readonly [Name in 'score' | 'poseLoss' | 'poseReadout' | 'executor' | 'onDeviceLost']?: undefined };

/** All forms of the options of `combinePoses`: without and with groups, and with workers. */
export type AnyCombineOptions<Pose, P extends Params> =
  | CombineOptions<Pose, P>
  | Grouped<CombineOptions<Pose, P>, Pose, P>
  | ByWorkers<CombineOptions<Pose, P>>;

/** The options with defaults filled in, and further state for the strategies. */
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
  /** Scores the poses of one tape: a single pose if `posesPerTape` is absent. */
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

/** Functions and parameters that turn sums over the poses into the objective. */
export type Closing<Pose> = Pick<Task<Pose>, 'combination' | 'params' | 'readout' | 'loss' | 'poseLoss'>;

/** Result of a strategy. */
export interface Outcome extends ObjectiveNumbers {
  readonly gradient: AccumulatorResult['gradient'];
  /** The poses one by one; empty if they are not kept. */
  readonly ledger: Ledger;
  /** The sums over them; absent for a custom combination. */
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
