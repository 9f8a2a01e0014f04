import type { DeviceMemory } from '../engine/executor.ts';
import { checkOptions } from '../engine/options.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { ownSlopesOf, valueSlopesOf } from './objective.ts';
import { isWide, optionNames, strategyOf, taskOf } from './options.ts';
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

/** Result of {@link combinePoses}. Energies in the scorer's unit. */
export interface CombineResult<P extends Params> {
  /** ΔG; the first number of it where the combination gives several. */
  readonly value: number;
  /** All numbers of ΔG, where the combination gives several. */
  readonly values?: Float64Array;
  /** The readout of ΔG, where one was given. */
  readonly readout?: number;
  /** loss + Σ poseLoss, where either was given. */
  readonly loss?: number;
  /**
   * The gradient with respect to each parameter, in fresh float64 tensors of its shape: of `loss` and the poseLosses if
   * there are any, else of the readout, else of ΔG. Empty with `gradient: false`.
   */
  readonly gradient: { readonly [Name in keyof P]: Tensor<Float64Array> };
  /** ΔG_n in the order the poses were read; NaN for poses left out. Of scores of K numbers, K for each pose. */
  readonly predictions: Float64Array;
  /** w_n, which sum to 1 (1/N for the mean); empty for a combination of one's own. */
  readonly weights: Float64Array;
  /** c_n = ∂ΔG/∂ΔG_n, as many as predictions; empty where ΔG is several numbers. */
  readonly coefficients: Float64Array;
  /** Facts about the run. */
  readonly stats: CombineStats;
}

/** Facts about a run. */
export interface CombineStats {
  /** Number of poses combined. */
  readonly poses: number;
  /** (Σ w_n)²/Σ w_n²: as many poses of equal weight would matter as much. Absent for a combination of one's own. */
  readonly effectiveSampleSize?: number;
  /** The bad poses that were left out, in the order they were read, and why; see the option `badPose`. */
  readonly badPoses: readonly BadPose[];
  /** Number of poses that needed no backward pass. */
  readonly backwardSkipped: number;
  /** The most bytes held at once on tapes and in the state of the size of θ; not the caller's arrays. */
  readonly peakBytes: number;
  /**
   * Bytes of what is kept of each pose, apart from `peakBytes`; 0 if predictions are not kept. Predictions, weights and
   * coefficients take 24 a pose, or 8 (1 + 2K) for K numbers. A pooling of m values keeps its numbers of each pose during the
   * call, 8 (1 + (1 + K)(1 + m)) more.
   */
  readonly predictionBytes: number;
  /** The most poses whose tapes were alive at once. */
  readonly tapesAlive: number;
  /** The way it went through the poses. */
  readonly strategy: Strategy;
  /** The executor that ran, such as `interpreter float64`; where a device was lost, all that ran. */
  readonly executor: string;
  /** Memory that the executor holds on a device of its own, and held at most since it was made; absent where it has none. */
  readonly device?: DeviceMemory;
}

/** The usual one is here at once; the others are loaded when asked for, as a page seldom needs them. */
const strategies = {
  stream: async () => stream,
  recompute: async () => (await import('./recompute.ts')).recompute,
  'full-graph': async () => (await import('./full-graph.ts')).fullGraph,
} satisfies Record<Strategy, () => Promise<<Pose>(task: Task<Pose>) => Promise<Outcome>>>;

/**
 * Scores every pose, combines the predictions into one ΔG, and gives the gradient of it, or of a loss on it, with
 * respect to the scorer's parameters.
 *
 *     ∂L/∂θ = L′(ΔG) Σ c_n g_n + Σ l′_n g_n,    g_n = ∂ΔG_n/∂θ
 *
 * The three strategies give the same answer: `stream` (one pass, one tape and a state of the size of θ), `recompute`
 * (two passes, one tape; any combination in ops), `full-graph` (one tape of all poses).
 *
 * @throws RangeError or TypeError, naming the thing, for no poses, an option that there is not, a scorer that returns
 * anything but one number of its tape, poses that cannot be read twice; Error naming the pose, with the scorer's own error
 * as its cause, for a scorer that throws, or an executor that fails at that pose; Error naming the
 * parameter, for one that was changed during the call; BadPoseError for a prediction or gradient that is not finite (unless
 * `badPose: 'skip'`); the signal's reason when aborted
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
  checkOptions('combinePoses', options, optionNames);
  const asked = strategyOf(options);
  const task = await taskOf(options, asked);
  const strategy = options.strategy === undefined && (await isWide(task)) ? 'recompute' : asked;
  const outcome = await run(task, strategy);
  checkGradient(outcome.gradient);
  const { values, accumulator } = outcome;
  const { predictions, weights, coefficients } = shares(task, outcome);
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
  const runs = await strategies[strategy]();
  return guarded(task, runs);
}

/**
 * Runs a task.
 *
 * @throws the signal's reason after an abort, else Error where the parameters were changed, whatever else it comes to
 */
export async function guarded<Pose, T>(task: Task<Pose>, run: (task: Task<Pose>) => Promise<T>): Promise<T> {
  try {
    return await run(task);
  } finally {
    task.signal?.throwIfAborted();
    task.checkParams();
  }
}

/** Each pose's share of the combination; of none where they are not kept. */
function shares<Pose>(
  task: Task<Pose>,
  { ledger, accumulator }: Outcome,
): Pick<CombineResult<Params>, 'predictions' | 'weights' | 'coefficients'> {
  const none = new Float64Array();
  const { predictions, width } = ledger;
  if (predictions.length === 0) return { predictions, weights: none, coefficients: none };
  const coefficients = new Float64Array(predictions.length);
  if (!accumulator) {
    const slopes = ownSlopesOf(task, ledger.vector);
    for (const [n, index] of ledger.kept.entries())
      coefficients.set(slopes.subarray(n * width, (n + 1) * width), index * width);
    return { predictions, weights: none, coefficients };
  }
  const combination = task.combination as Combination;
  const weights = ledger.weights(accumulator, combination.sigma);
  const slopes = valueSlopesOf(task, accumulator);
  if (!slopes) return { predictions, weights, coefficients: none };
  const factors = combination.factors(accumulator.moments, slopes);
  ledger.addCoefficients(coefficients, accumulator, factors, combination.sigma);
  return { predictions, weights, coefficients };
}

/** Every pose's gradient was finite; their sum may yet not be. */
export function checkGradient(gradient: Outcome['gradient']): void {
  for (const [name, { data }] of Object.entries(gradient)) {
    if (!areFinite(data)) {
      throw new RangeError(
        `combinePoses: the combined gradient of ${name} overflows, though that of every pose is finite`,
      );
    }
  }
}
