import type { DeviceMemory } from '../engine/executor.ts';
import { checkOptions } from '../engine/options.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { slopesInOps, summarySlopesOf } from './objective.ts';
import { isIterable, optionNames, prefersTwoPasses, strategyOf, taskOf } from './options.ts';
import type { Params } from './params.ts';
import { stream } from './stream.ts';
import type {
  AnyCombineOptions,
  ByWorkers,
  CombineOptions,
  Grouped,
  Outcome,
  Strategy,
  Task,
} from './task.ts';

/** Result of {@link combinePoses}. Energies are in the scorer's unit. */
export interface CombineResult<P extends Params> {
  /** ΔG, or its first number if the combination gives several. */
  readonly value: number;
  /** All numbers of ΔG, if the combination gives several. */
  readonly values?: Float64Array;
  /** The readout of ΔG, if that option was given. */
  readonly readout?: number;
  /** loss + Σ poseLoss, if either was given. */
  readonly loss?: number;
  /**
   * Gradient of the loss (with the poseLosses) if there is one, else of the readout, else of ΔG. It has a fresh float64
   * tensor for each parameter, in the parameter's shape. Empty with `gradient: false`.
   */
  readonly gradient: { readonly [Name in keyof P]: Tensor<Float64Array> };
  /** ΔG_n in the order the poses were read, K entries for each pose if a score has K numbers; NaN for skipped poses. */
  readonly predictions: Float64Array;
  /** The normalised weight w_n of each pose; they sum to 1. Empty for a combination in ops. */
  readonly weights: Float64Array;
  /** The coefficients c_n = ∂ΔG/∂ΔG_n, one for each prediction; empty if ΔG is several numbers. */
  readonly coefficients: Float64Array;
  /** Counts and sizes of the run. */
  readonly stats: CombineStats;
}

/** Counts and sizes of a run. */
export interface CombineStats {
  /** Number of poses combined. */
  readonly poses: number;
  /** (Σ w_n)²/Σ w_n²: the equivalent number of equally weighted poses. Absent for a combination in ops. */
  readonly effectiveSampleSize?: number;
  /** The bad poses that were skipped, in the order read, with reasons; see the option `badPose`. */
  readonly badPoses: readonly BadPose[];
  /** Number of poses whose gradients were left out because of too little influence: see the option `tolerance`. */
  readonly backwardSkipped: number;
  /** Peak bytes of tapes and sums of the size of θ, without the caller's arrays. */
  readonly peakBytes: number;
  /**
   * Bytes of the numbers kept for the poses, not counted in `peakBytes`; 0 if predictions are not kept. Predictions, weights
   * and coefficients take 24 bytes per pose, or 8 (1 + 2K) if a score has K numbers. During the call, a pooling of J values
   * keeps 8 (1 + (1 + K)(1 + J)) more per pose.
   */
  readonly predictionBytes: number;
  /** Peak number of poses whose tapes were alive at once. */
  readonly tapesAlive: number;
  /** The strategy used. */
  readonly strategy: Strategy;
  /** Name of the executor, such as `interpreter float64`; the names of all executors used, if a device was lost. */
  readonly executor: string;
  /** Device memory that the executor holds now, and its peak since the executor was made; absent if it has no device. */
  readonly device?: DeviceMemory;
}

/** The strategies. `stream` is imported statically; the others are loaded on demand, because web pages seldom need them. */
const strategies = {
  stream: async () => stream,
  recompute: async () => (await import('./recompute.ts')).recompute,
  'full-graph': async () => (await import('./full-graph.ts')).fullGraph,
} satisfies Record<Strategy, () => Promise<<Pose>(task: Task<Pose>) => Promise<Outcome>>>;

/**
 * Scores every pose, combines the predictions into one ΔG, and returns the gradient of ΔG, or of a loss on it, with respect
 * to the scorer's parameters.
 *
 *     ∂(L + Σ L_n)/∂θ = L′(ΔG) Σ c_n g_n + Σ L′_n g_n,    g_n = ∂ΔG_n/∂θ
 *
 * with a loss L of ΔG and losses L_n of single poses. The three strategies give the same result: `stream` (one pass, one tape
 * and sums of the size of θ), `recompute` (two passes, one tape; any combination in ops), and `full-graph` (one tape of all
 * poses).
 *
 * @throws RangeError or TypeError, naming the option or pose, if there are no poses, for an unknown option, a scorer that
 * does not return one number on its tape, or poses that must be read twice but can be iterated only once; Error naming the
 * pose, with the original error as its cause, if the scorer throws or the executor fails; Error naming a parameter that
 * changed during the call; BadPoseError for a prediction or gradient that is not finite (unless `badPose: 'skip'`); the
 * signal's reason when aborted
 * @example
 * const { value, gradient } = await combinePoses({
 *   poses: [[2.9, 3.4], [3.1, 3.0]],
 *   params: { depth: tensor(-1), width: tensor(2) },
 *   score: (tape, { depth, width }, distances) => {
 *     const d = tape.constant(distances);
 *     return mul(depth, sum(exp(neg(square(mul(width, sub(d, 3)))))));
 *   },
 *   combination: boltzmann({ kT: 0.593 }),
 * });
 */
export async function combinePoses<Pose, const P extends Params>(
  options: Grouped<CombineOptions<Pose, P>, Pose, P>,
): Promise<CombineResult<P>>;
export async function combinePoses<Pose, const P extends Params>(
  options: ByWorkers<CombineOptions<Pose, P>>,
): Promise<CombineResult<P>>;
export async function combinePoses<Pose, const P extends Params>(
  options: CombineOptions<Pose, P>,
): Promise<CombineResult<P>>;
export async function combinePoses<Pose, const P extends Params>(
  options: AnyCombineOptions<Pose, P>,
): Promise<CombineResult<P>> {
  if (isIterable(options))
    throw new TypeError('combinePoses: pass one object, such as { poses, params, score, combination }');
  checkOptions('combinePoses', options, optionNames);
  const firstChoice = strategyOf(options);
  const task = await taskOf(options, firstChoice);
  const strategy =
    options.strategy === undefined && (await prefersTwoPasses(task)) ? 'recompute' : firstChoice;
  const outcome = await run(task, strategy);
  checkSummedGradient(outcome.gradient);
  const { values, accumulator } = outcome;
  const { predictions, weights, coefficients } = poseNumbers(task, outcome);
  return {
    value: values[0] as number,
    ...(values.length > 1 && { values }),
    ...(outcome.readout !== undefined && { readout: outcome.readout }),
    ...(outcome.loss !== undefined && { loss: outcome.loss }),
    gradient: outcome.gradient as CombineResult<P>['gradient'],
    predictions,
    weights,
    coefficients,
    stats: {
      poses: outcome.poses,
      ...(accumulator && { effectiveSampleSize: accumulator.effectiveSampleSize }),
      badPoses: outcome.badPoses.toSorted((a, b) => a.index - b.index),
      backwardSkipped: outcome.backwardSkipped,
      peakBytes: task.memory.peak,
      predictionBytes:
        predictions.byteLength + weights.byteLength + coefficients.byteLength + outcome.ledger.pooledBytes,
      tapesAlive: task.tapes.peak,
      strategy,
      executor: task.executor.name,
      ...(task.executor.device && { device: { ...task.executor.device } }),
    },
  };
}

async function run<Pose>(task: Task<Pose>, strategy: Strategy): Promise<Outcome> {
  const runStrategy = await strategies[strategy]();
  return guarded(task, runStrategy);
}

/**
 * Runs a task, and then checks that it was not aborted and that the parameters did not change.
 *
 * @throws the signal's reason after an abort; else Error if the parameters changed, even if `run` failed; else the error of `run`
 */
export async function guarded<Pose, T>(task: Task<Pose>, run: (task: Task<Pose>) => Promise<T>): Promise<T> {
  try {
    return await run(task);
  } finally {
    task.signal?.throwIfAborted();
    task.checkParams();
  }
}

/** Returns ΔG_n, w_n and c_n of each pose; empty if predictions are not kept. */
function poseNumbers<Pose>(
  task: Task<Pose>,
  { ledger, accumulator }: Outcome,
): Pick<CombineResult<Params>, 'predictions' | 'weights' | 'coefficients'> {
  const none = new Float64Array();
  const { predictions, width } = ledger;
  if (predictions.length === 0) return { predictions, weights: none, coefficients: none };
  const coefficients = new Float64Array(predictions.length);
  if (!accumulator) {
    const slopes = slopesInOps(task, ledger.combinedScores);
    for (const [n, index] of ledger.combinedIndices.entries())
      coefficients.set(slopes.subarray(n * width, (n + 1) * width), index * width);
    return { predictions, weights: none, coefficients };
  }
  const combination = task.combination as Combination;
  const weights = ledger.weights(accumulator, combination.sigma);
  const slopes = summarySlopesOf(task, accumulator);
  if (!slopes) return { predictions, weights, coefficients: none };
  const factors = combination.factors(accumulator.moments, slopes);
  ledger.addCoefficients(coefficients, accumulator, factors, combination.sigma);
  return { predictions, weights, coefficients };
}

/** Checks the summed gradient, which may overflow even if the gradient of every pose is finite. */
export function checkSummedGradient(gradient: Outcome['gradient']): void {
  for (const [name, { data }] of Object.entries(gradient)) {
    if (!areFinite(data)) {
      throw new RangeError(
        `combinePoses: the combined gradient of ${name} overflows, though the gradient of every pose is finite`,
      );
    }
  }
}
