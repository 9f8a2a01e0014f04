import type { DeviceMemory, Executor } from '../engine/executor.ts';
import { interpreter } from '../engine/interpreter.ts';
import { Memory } from '../engine/memory.ts';
import { checkOptions } from '../engine/options.ts';
import { isShape, showShape, sizeOf } from '../engine/shape.ts';
import { Tape } from '../engine/tape.ts';
import { areFinite, isTensor, type Tensor } from '../engine/tensor.ts';
import { unlessAborted } from './aborting.ts';
import { type BadPose, reasonsOf } from './bad-pose.ts';
import { type Combination, weightOfPose } from './combination.ts';
import { ownSlopesOf, valueSlopesOf } from './objective.ts';
import type { Params } from './params.ts';
import { indexed } from './passes.ts';
import { recordPooledPose } from './pooled-pose.ts';
import { recordParams, recordScore } from './pose-tape.ts';
import { stream } from './stream.ts';
import { switching } from './switching.ts';
import type { CombineOptions, Outcome, Strategy, Task } from './task.ts';
import { unchanged } from './unchanged.ts';

/** What {@link combinePoses} comes to. Energies in the scorer's unit. */
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
  readonly stats: CombineStats;
}

/** How a result came about. */
export interface CombineStats {
  /** How many poses were combined. */
  readonly poses: number;
  /** (Σ w_n)²/Σ w_n²: as many poses of equal weight would matter as much. Absent for a combination of one's own. */
  readonly effectiveSampleSize?: number;
  /** The bad poses that were left out, in the order they were read, and why; see the option `badPose`. */
  readonly badPoses: readonly BadPose[];
  /** How many poses needed no backward pass. */
  readonly backwardSkipped: number;
  /** The most bytes held at once on tapes and in the state of the size of θ; not the caller's arrays. */
  readonly peakBytes: number;
  /** Bytes of predictions, weights and coefficients, apart from `peakBytes`: 24 a pose, or none if not kept. */
  readonly predictionBytes: number;
  /** The most poses whose tapes were alive at once. */
  readonly tapesAlive: number;
  readonly strategy: Strategy;
  /** What ran, such as `interpreter float64`; where a device was lost, all that ran. */
  readonly executor: string;
  /** What the executor holds on a device of its own, and held at most since it was made; absent where it has none. */
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
  options: CombineOptions<Pose, P>,
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
      predictionBytes: predictions.byteLength + weights.byteLength + coefficients.byteLength,
      tapesAlive: task.tapes.peak,
      strategy,
      executor: task.executor.name,
      ...(task.executor.device && { device: { ...task.executor.device } }),
    },
  };
}

/**
 * Runs the strategy.
 *
 * @throws the signal's reason after an abort, else Error where the parameters were changed, whatever else it comes to
 */
async function run<Pose>(task: Task<Pose>, strategy: Strategy): Promise<Outcome> {
  try {
    const runs = await strategies[strategy]();
    return await runs(task);
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

const optionNames = [
  'poses',
  'params',
  'score',
  'combination',
  'strategy',
  'loss',
  'poseLoss',
  'readout',
  'poseReadout',
  'executor',
  'onDeviceLost',
  'onPose',
  'signal',
  'badPose',
  'tolerance',
  'gradient',
  'keepPredictions',
] as const satisfies readonly (keyof CombineOptions<unknown, Params>)[];

/** The strategy asked for, or the one that serves. */
function strategyOf<Pose, P extends Params>(options: CombineOptions<Pose, P>): Strategy {
  const isInOps = typeof options.combination === 'function';
  const strategy = options.strategy ?? (isInOps ? 'recompute' : 'stream');
  if (!Object.hasOwn(strategies, strategy)) {
    throw new RangeError(
      `combinePoses: no strategy ${strategy}; there are ${Object.keys(strategies).join(', ')}`,
    );
  }
  if (strategy === 'stream' && isInOps) {
    throw new TypeError(
      'combinePoses: a combination of one’s own needs every prediction before the first gradient; use the strategy recompute',
    );
  }
  if (strategy !== 'stream' && options.keepPredictions === false) {
    throw new TypeError(
      `combinePoses: ${strategy} needs every prediction; keepPredictions: false goes with the strategy stream`,
    );
  }
  return strategy;
}

async function taskOf<Pose, P extends Params>(
  options: CombineOptions<Pose, P>,
  strategy: Strategy,
): Promise<Task<Pose>> {
  const {
    poses,
    params,
    score,
    combination,
    badPose = 'throw',
    tolerance = 0,
    onPose,
    onDeviceLost,
    signal,
  } = options;
  if (!isIterable(poses)) {
    throw new TypeError(`combinePoses: poses must be an iterable or an async iterable, got ${typeof poses}`);
  }
  if (typeof score !== 'function')
    throw new TypeError('combinePoses: score must be a function (tape, params, pose) => value');
  if (Object(params) !== params) {
    throw new TypeError(`combinePoses: params must be a record of tensors by name, got ${params}`);
  }
  for (const [name, tensor] of Object.entries(params)) checkParam(name, tensor);
  for (const name of ['loss', 'poseLoss', 'readout', 'poseReadout', 'onPose', 'onDeviceLost'] as const) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`combinePoses: ${name} must be a function, got ${typeof given}`);
  }
  if (options.executor !== undefined && typeof options.executor?.run !== 'function') {
    throw new TypeError(
      'combinePoses: executor must be what jit(), wasm(), interpreter() or await gpu() gives',
    );
  }
  if (typeof combination !== 'function' && !isCombination(combination)) {
    throw new TypeError(
      'combinePoses: combination must be mean(), lse(), boltzmann(), a pooling() or a function of the predictions',
    );
  }
  if (typeof combination === 'function' && combination.length === 0) {
    if (isCombination((combination as () => unknown)()))
      throw new TypeError(`combinePoses: combination must be ${combination.name}(), called`);
  }
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new RangeError(`combinePoses: tolerance is a share from 0 to below 1, got ${tolerance}`);
  }
  if (badPose !== 'throw' && badPose !== 'skip') {
    throw new RangeError(`combinePoses: badPose is 'throw' or 'skip', got ${badPose}`);
  }
  const kept = { ...params };
  const checkParams = unchanged(kept);
  const first = options.executor ?? (await defaultExecutor(strategy));
  const executor = onDeviceLost ? switching(first, lost => unlessAborted(signal, onDeviceLost(lost))) : first;
  const memory = new Memory();
  return {
    poses,
    params: kept,
    checkParams,
    shared: new Set(Object.values<Tensor>(kept)),
    score: score as Task<Pose>['score'],
    combination: combination as Task<Pose>['combination'],
    loss: options.loss as Task<Pose>['loss'],
    poseLoss: options.poseLoss as Task<Pose>['poseLoss'],
    readout: options.readout as Task<Pose>['readout'],
    poseReadout: options.poseReadout as Task<Pose>['poseReadout'],
    executor,
    onPose,
    signal,
    skipsBadPoses: badPose === 'skip',
    reasonOf: reasonsOf(executor, memory),
    tolerance,
    wantsGradient: options.gradient ?? true,
    keepsPredictions: options.keepPredictions ?? true,
    memory,
    tapes: new Memory(),
  };
}

/** Above so many numbers of a score, or of values to average, one cotangent of two passes is less work than one pass. */
const widest = 4;

/**
 * Whether the first pose shows that two passes are less work than one, and they can be made. Its tape is recorded and
 * dropped.
 */
async function isWide<Pose>(task: Task<Pose>): Promise<boolean> {
  const { combination, poses } = task;
  if (typeof combination === 'function' || !combination.pool || !task.keepsPredictions) return false;
  if (!task.wantsGradient || 'next' in poses) return false;
  for await (const { item: pose, index } of indexed(task)) {
    if (weightOfPose(combination, pose, index) === 0) continue;
    const tape = new Tape();
    const params = recordParams(tape, task.params);
    const score = recordScore(task, tape, params, pose, index);
    const { values } = recordPooledPose(combination, params, score, { pose, index });
    return Math.max(score.shape[0] ?? 1, values?.shape[0] ?? 0) > widest;
  }
  return false;
}

let shared: Promise<Executor> | undefined;

/**
 * One `jit` for all calls, so that a structure is planned and compiled once. Not for a graph of all poses, a structure
 * that is seen once. It is loaded here and now: whoever brings an executor has no need of it, and it is half the library.
 */
async function defaultExecutor(strategy: Strategy): Promise<Executor> {
  if (strategy === 'full-graph') return interpreter();
  shared ??= import('../engine/jit/jit.ts').then(({ jit }) => jit());
  try {
    return await shared;
  } catch (error) {
    // A page may have been without its network for a moment: the next call asks again.
    shared = undefined;
    throw error;
  }
}

function checkParam(name: string, param: Tensor): void {
  const who = `combinePoses: parameter ${name}`;
  if (!isTensor(param) || param.data instanceof Int32Array || !isShape(param.shape)) {
    throw new TypeError(`${who} must be a tensor of real numbers, such as tensor([1, 2])`);
  }
  const { data, shape } = param;
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `${who}: shape ${showShape(shape)} holds ${sizeOf(shape)} numbers, but ${data.length} were given`,
    );
  }
  if (areFinite(data)) return;
  const bad = data.findIndex(entry => !Number.isFinite(entry));
  throw new RangeError(`${who} is ${data[bad]} at position ${bad}`);
}

/** Every pose's gradient was finite; their sum may yet not be. */
function checkGradient(gradient: Outcome['gradient']): void {
  for (const [name, { data }] of Object.entries(gradient)) {
    if (!areFinite(data)) {
      throw new RangeError(
        `combinePoses: the combined gradient of ${name} overflows, though that of every pose is finite`,
      );
    }
  }
}

function isCombination(thing: unknown): boolean {
  return typeof (thing as Combination | undefined)?.accumulator === 'function';
}

function isIterable(thing: unknown): boolean {
  return (
    Object(thing) === thing && (Symbol.iterator in Object(thing) || Symbol.asyncIterator in Object(thing))
  );
}
