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
 * Records ΔG_n of one pose: a value of shape [] or [1], or of shape [K] where the combination takes several numbers. Computes
 * nothing and waits for nothing.
 */
export type Scorer<Pose, P extends Params> = (tape: Tape, params: ParamValues<P>, pose: Pose) => Value;

/**
 * Records ΔG_n of several poses on one tape: a value of shape [poses], or [poses, K] where the combination takes several
 * numbers. {@link collate} joins the poses' rows.
 */
export type GroupScorer<Pose, P extends Params> = Scorer<readonly Pose[], P>;

/** The parameters, for what is recorded after the scorer: the gradient with respect to them is complete. */
export interface ParamsContext<P extends Params = Params> {
  /** The parameters as values of the tape. */
  readonly params: ParamValues<P>;
}

/** Given to a loss. */
export interface LossContext<P extends Params = Params> extends ParamsContext<P> {
  /** The predictions ΔG_n, shape [N] or [N, K]; to ask for them under `stream` is an error. */
  readonly predictions: Value;
}

/** Given to what is recorded for each pose after the scorer. */
export interface PoseContext<Pose = unknown, P extends Params = Params> extends ParamsContext<P> {
  /** Which pose, in the order they are read. */
  readonly index: number;
  /** The pose as the scorer is given it. */
  readonly pose: Pose;
}

/** A combination of one's own, in ops, of the predictions, shape [N] or [N, K]; runs under `recompute` and `full-graph`. */
export type CombinationInOps<P extends Params = Params> = (
  predictions: Value,
  context: ParamsContext<P>,
) => Value;

/** A way to go through the poses, which sets how many tapes are alive at once; all three give the same answer. */
export type Strategy = 'stream' | 'recompute' | 'full-graph';

/** Progress that `onPose` is told of after each pose. */
export interface PoseProgress {
  /** Which pose, in the order they are read. */
  readonly index: number;
  /** ΔG_n; NaN for a pose that was left out. */
  readonly prediction: number;
  /**
   * Which pass over the poses, from 1, and of how many. `recompute` needs two, and one more, announced when it begins,
   * each time poses turn out to have a bad gradient and are left out.
   */
  readonly pass: number;
  /** Number of passes, as far as is known. */
  readonly passes: number;
}

/** Options of {@link combinePoses}. */
export interface CombineOptions<Pose, P extends Params> {
  /** The poses, in whatever form the scorer reads. `recompute` reads them twice. */
  readonly poses: Iterable<Pose> | AsyncIterable<Pose>;
  /**
   * θ: tensors by name. Their arrays are read anew by each call, so a step of training may change them in place; but not
   * while a call is under way, such as in `onPose`: that is an error at its end, on every executor. Two calls may share
   * them.
   */
  readonly params: P;
  /** Records ΔG_n of one pose; where `posesPerTape` is given, of a list of poses: see {@link Grouped}. */
  readonly score: Scorer<Pose, P>;
  /** Absent: each pose has a tape of its own. A number makes the options {@link Grouped}. */
  readonly posesPerTape?: undefined;
  /** Absent: poses are scored here. Workers make the options {@link ByWorkers}. */
  readonly pool?: undefined;
  /** `mean()`, `lse()`, `boltzmann()` or another one, a `pooling` of one's own, or any function in ops. */
  readonly combination: Combination | CombinationInOps<P>;
  /**
   * `stream` by default; `recompute` for a combination of one's own in ops, and for a pooling of scores or values of more
   * than four numbers if the poses can be read twice. A loss that reads all predictions needs one of the other two.
   */
  readonly strategy?: Strategy;
  /**
   * Of the readout if there is one, else of ΔG. One that asks its context for `predictions` runs under `recompute` or
   * `full-graph`. Under `stream` it is recorded once more before the poses, so that a mistake shows at once.
   */
  readonly loss?: (prediction: Value, context: LossContext<P>) => Value;
  /** A loss on the single pose, summed over the poses and added to `loss`. */
  readonly poseLoss?: (prediction: Value, context: PoseContext<Pose, P>) => Value;
  /** Makes of ΔG what the loss compares, such as `pKi()`. */
  readonly readout?: (prediction: Value, context: ParamsContext<P>) => Value;
  /** Makes of ΔG_n what the poseLoss compares; it does not enter the combination. */
  readonly poseReadout?: (prediction: Value, context: PoseContext<Pose, P>) => Value;
  /** Default `jit()` in float64, one for all calls; for `full-graph` `interpreter()`. */
  readonly executor?: Executor;
  /**
   * Gives another executor to go on with, where the device of `executor` is lost: the pose that failed is run again, and
   * all before it is kept. Without it, the {@link DeviceLostError} is thrown.
   */
  readonly onDeviceLost?: (lost: DeviceLostError) => Executor | Promise<Executor>;
  /** Called after each pose; may return a promise, which is waited for. */
  readonly onPose?: (progress: PoseProgress) => unknown;
  /**
   * Aborts with the signal's reason: at once where a pose, `onPose` or `onDeviceLost` is being waited for, else after the
   * run of the executor that is under way (`full-graph`: one run of all poses). An async iterator is asked to close, and
   * not waited for.
   */
  readonly signal?: AbortSignal;
  /**
   * Action on a NaN or infinite prediction or gradient: `throw` (default) a `BadPoseError`, or `skip` the pose and
   * report it in `stats.badPoses`, the combination being that of the others.
   *
   * The value that went bad first is sought for the first bad pose of a call, and only for that: in milliseconds where
   * most of the pose's numbers are bad, as when weights diverge, and at worst in the time and memory of one run of the
   * pose on `interpreter()`, which `stats.peakBytes` counts. The others have the short reason. To have one's cause, give
   * the pose alone. Under `recompute` all poses with a bad gradient cost one more pass over the others; under `full-graph`
   * a bad gradient is sought by running each pose on its own.
   */
  readonly badPose?: 'throw' | 'skip';
  /**
   * A share from 0 to below 1: the gradient of a pose whose influence is below it is left out of the sum, and
   * `stats.backwardSkipped` counts the pose. Default 0: only poses whose weight underflows, where nothing is lost. The
   * gradient of such a pose is not looked at, so an infinite one does not make the pose bad.
   *
   * Influence is, under `stream`, (e_n/S)(1 + |σ(ΔG_n − r)|) when the pose is read, so it depends on the order, and a
   * pose with a poseLoss is never skipped; under `recompute`, the pose's share of Σ |coefficient|. `full-graph` skips none,
   * and `stream` the poses of a tape together or not at all.
   *
   * The answer is the same on every executor; the time is not. `interpreter()` stops after the prediction. `jit()`,
   * `wasm()` and `gpu()` run forward and backward as one, so under `stream` it saves them nothing; under `recompute` a
   * skipped pose has no second run on any executor.
   */
  readonly tolerance?: number;
  /** false: predictions and ΔG alone. */
  readonly gradient?: boolean;
  /** false, under `stream`: nothing of the number of poses is kept; predictions, weights and coefficients are empty. */
  readonly keepPredictions?: boolean;
}

/**
 * Options with several poses on one tape. The scorer is given a list of at most `posesPerTape` poses and returns shape [poses],
 * or [poses, K]. Memory is that of so many tapes with as many backward passes, which are two for `boltzmann`, 1 + m for a pooling;
 * by `jit()` those of a pooling may store what they share. What a tape costs besides its loops, such as recording, key, launch and
 * the sums of the size of θ, is paid once for all of them. The answer is the same.
 *
 * Where a tape fails or goes bad, its poses are run one by one, to find which. `onPose` is called for each after their run.
 * A good number is 8 to 16, where poses are small; large poses gain nothing.
 */
export type Grouped<Options, Pose, P extends Params> = Omit<Options, 'score' | 'posesPerTape'> & {
  /** Records ΔG_n of a list of poses. */
  readonly score: GroupScorer<Pose, P>;
  /** Number of poses that share a tape, from 1. */
  readonly posesPerTape: number;
};

/**
 * Options with workers that score the poses, in chunks of a fixed number. The scorer is that of the workers' module, and so are
 * the executor and what is recorded of each pose by functions; the poses are what its `load` takes, or the scorer itself.
 */
export type ByWorkers<Options> = Omit<
  Options,
  'pool' | 'score' | 'posesPerTape' | 'poseLoss' | 'poseReadout' | 'executor' | 'onDeviceLost'
> & {
  /** Made by `workers` of posetape/parallel. */
  readonly pool: Workers;
  /** Number of poses that share a tape; they are then given to the module's `scoreGroup`. */
  readonly posesPerTape?: number;
} & { readonly [Name in 'score' | 'poseLoss' | 'poseReadout' | 'executor' | 'onDeviceLost']?: undefined };

/** Options of `combinePoses`, with and without groups, and by workers. */
export type AnyCombineOptions<Pose, P extends Params> =
  | CombineOptions<Pose, P>
  | Grouped<CombineOptions<Pose, P>, Pose, P>
  | ByWorkers<CombineOptions<Pose, P>>;

/** The options with their defaults and what goes with them, as the strategies get it. */
export interface Task<Pose = unknown> {
  readonly poses: Iterable<Pose> | AsyncIterable<Pose>;
  /** Index of the first pose: 0, but of a chunk. */
  readonly first: number;
  /** Workers that score the poses in chunks; absent where they are scored here. */
  readonly pool: Workers | undefined;
  readonly params: Params;
  /** @throws Error naming the parameter whose numbers changed since the call began */
  readonly checkParams: () => void;
  /** The tensors of `params`, which hold the same numbers for all poses. */
  readonly shared: ReadonlySet<Tensor>;
  /** Given the poses of a tape, of which there is one where `posesPerTape` is absent. */
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
  /** Counts the poses whose tapes are alive, as `memory` counts bytes. */
  readonly tapes: Memory;
}

/** Functions and parameters that make the objective of sums over the poses. */
export type Closing<Pose> = Pick<Task<Pose>, 'combination' | 'params' | 'readout' | 'loss' | 'poseLoss'>;

/** Result of a strategy. */
export interface Outcome extends ObjectiveNumbers {
  readonly gradient: AccumulatorResult['gradient'];
  /** The poses one by one; empty if they are not kept. */
  readonly ledger: Ledger;
  /** The sums over them; absent for a combination of one's own. */
  readonly accumulator: Accumulator | undefined;
  readonly backwardSkipped: number;
  readonly badPoses: readonly BadPose[];
  /** Number of poses combined. */
  readonly poses: number;
}

/** Numbers of an objective. */
export interface ObjectiveNumbers {
  /** ΔG: one number, or several of a combination that gives them. */
  readonly values: Float64Array;
  readonly readout: number | undefined;
  readonly loss: number | undefined;
}
