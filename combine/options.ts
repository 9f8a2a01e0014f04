import type { Executor } from '../engine/executor.ts';
import { interpreter } from '../engine/interpreter.ts';
import { Memory } from '../engine/memory.ts';
import { isShape, showShape, sizeOf } from '../engine/shape.ts';
import { Tape } from '../engine/tape.ts';
import { areFinite, isTensor, type Tensor } from '../engine/tensor.ts';
import { unlessAborted } from './aborting.ts';
import { reasonsOf } from './bad-pose.ts';
import { type Combination, weightOfPose } from './combination.ts';
import { learnedSettings } from './learned.ts';
import type { Params } from './params.ts';
import { indexed } from './passes.ts';
import { recordPooledPose } from './pooled-pose.ts';
import { recordParams, recordScores } from './pose-tape.ts';
import { checkFunction } from './settings.ts';
import { switching } from './switching.ts';
import type { AnyCombineOptions, CombineOptions, Grouped, GroupScorer, Strategy, Task } from './task.ts';
import { unchanged } from './unchanged.ts';

/** Names of the options of {@link combinePoses}. */
export const optionNames: readonly (keyof AnyCombineOptions<unknown, Params>)[] = [
  'poses',
  'params',
  'score',
  'posesPerTape',
  'pool',
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
];

const strategyNames: readonly Strategy[] = ['stream', 'recompute', 'full-graph'];

/**
 * Returns the strategy of the options, or the default.
 *
 * @throws RangeError for an unknown strategy, TypeError for one that another option rules out
 */
export function strategyOf<Pose, P extends Params>(options: AnyCombineOptions<Pose, P>): Strategy {
  const isInOps = typeof options.combination === 'function';
  const strategy = options.strategy ?? (isInOps ? 'recompute' : 'stream');
  if (!strategyNames.includes(strategy)) {
    throw new RangeError(`combinePoses: no strategy ${strategy}; use ${strategyNames.join(', ')}`);
  }
  if (strategy === 'stream' && isInOps) {
    throw new TypeError(
      'combinePoses: a combination in ops needs all predictions before the first gradient; use the strategy recompute',
    );
  }
  if (strategy === 'full-graph' && options.pool !== undefined) {
    throw new TypeError(
      'combinePoses: full-graph has all poses on one tape, which workers cannot share; use stream or recompute',
    );
  }
  if (strategy !== 'stream' && options.keepPredictions === false) {
    throw new TypeError(
      `combinePoses: ${strategy} needs all predictions; keepPredictions: false needs the strategy stream`,
    );
  }
  return strategy;
}

/** Checks the options, and returns them with defaults filled in. @throws TypeError or RangeError naming the option */
export async function taskOf<Pose, P extends Params>(
  options: AnyCombineOptions<Pose, P>,
  strategy: Strategy,
): Promise<Task<Pose>> {
  const {
    poses,
    params,
    score,
    posesPerTape,
    pool,
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
  if (pool === undefined && typeof score !== 'function')
    throw new TypeError('combinePoses: score must be a function (tape, params, pose) => value');
  checkParams(params);
  if (posesPerTape !== undefined && !(Number.isSafeInteger(posesPerTape) && posesPerTape >= 1)) {
    throw new RangeError(`combinePoses: posesPerTape must be a whole number from 1, got ${posesPerTape}`);
  }
  for (const name of ['loss', 'poseLoss', 'readout', 'poseReadout', 'onPose', 'onDeviceLost'] as const)
    checkFunction('combinePoses', name, options[name]);
  if (options.executor !== undefined && typeof options.executor?.run !== 'function') {
    throw new TypeError('combinePoses: executor must be made by jit(), wasm(), interpreter() or await gpu()');
  }
  if (typeof combination !== 'function' && !isCombination(combination)) {
    throw new TypeError(
      'combinePoses: combination must be mean(), lse(), boltzmann(), a pooling() or a function of the predictions',
    );
  }
  if (typeof combination === 'function' && combination.length === 0) {
    if (isCombination((combination as () => unknown)()))
      throw new TypeError(`combinePoses: combination must be ${combination.name}(), with parentheses`);
  }
  if (typeof combination !== 'function') learnedSettings(combination, params);
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw new RangeError(`combinePoses: tolerance must be a number from 0 to below 1, got ${tolerance}`);
  }
  if (badPose !== 'throw' && badPose !== 'skip') {
    throw new RangeError(`combinePoses: badPose must be 'throw' or 'skip', got ${badPose}`);
  }
  const ownParams = { ...params };
  const checkUnchanged = unchanged(ownParams);
  const byWorkers =
    pool !== undefined && (await (await import('./by-workers.ts')).taskByWorkers(pool, options));
  const chosen = byWorkers ? byWorkers.executor : (options.executor ?? (await defaultExecutor(strategy)));
  const executor = onDeviceLost
    ? switching(chosen, lost => unlessAborted(signal, onDeviceLost(lost)))
    : chosen;
  const memory = new Memory();
  return {
    poses,
    first: 0,
    pool,
    params: ownParams,
    checkParams: checkUnchanged,
    shared: new Set(Object.values<Tensor>(ownParams)),
    score: scorerOf(options as CombineOptions<Pose, P>) as Task<Pose>['score'],
    posesPerTape,
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
    ...byWorkers,
  };
}

/** Returns a scorer of groups. Without `posesPerTape`, a group is one pose. */
function scorerOf<Pose, P extends Params>(
  options: CombineOptions<Pose, P> | Grouped<CombineOptions<Pose, P>, Pose, P>,
): GroupScorer<Pose, P> {
  if (options.posesPerTape !== undefined) return options.score;
  const { score } = options;
  return (tape, params, poses) => score(tape, params, poses[0] as Pose);
}

/**
 * Largest K and J for which one pass is less work than two. In one pass, each pose needs K backward passes, and adds to
 * 1 + J sums of the size of θ. In two passes, each pose needs one backward pass.
 */
const onePassLimit = 4;

/**
 * True if two passes are less work than one, judged by K and J of the first pose that has a pose weight above 0. Its tape is
 * recorded and dropped. False if workers score the poses, the poses can be read only once, or gradients or predictions are
 * not wanted.
 */
export async function prefersTwoPasses<Pose>(task: Task<Pose>): Promise<boolean> {
  const { combination, poses } = task;
  if (typeof combination === 'function' || !combination.pool || !task.keepsPredictions) return false;
  if (!task.wantsGradient || 'next' in poses || task.pool) return false;
  for await (const { item: pose, index } of indexed(task)) {
    if (weightOfPose(combination, pose, index) === 0) continue;
    const tape = new Tape();
    const params = recordParams(tape, task.params);
    const score = recordScores(task, tape, params, [{ pose, index }]);
    const { values } = recordPooledPose(combination, params, score, { pose, index });
    return Math.max(score.shape[0] ?? 1, values?.shape[0] ?? 0) > onePassLimit;
  }
  return false;
}

let sharedJit: Promise<Executor> | undefined;

/**
 * Returns the default executor: a `jit()` that all calls share, so that tapes of equal structure are compiled once. The tape
 * of `full-graph` is run only once, so it runs on an interpreter. `jit` is half the library, so it is loaded only when needed.
 */
async function defaultExecutor(strategy: Strategy): Promise<Executor> {
  if (strategy === 'full-graph') return interpreter();
  sharedJit ??= import('../engine/jit/jit.ts').then(({ jit }) => jit());
  try {
    return await sharedJit;
  } catch (error) {
    // Loading may fail because the network was down for a moment, so the next call tries again.
    sharedJit = undefined;
    throw error;
  }
}

/** @throws TypeError or RangeError naming the parameter, unless all are tensors of finite numbers */
export function checkParams(params: unknown): void {
  if (Object(params) !== params)
    throw new TypeError(`combinePoses: params must be a record of tensors by name, got ${params}`);
  for (const [name, tensor] of Object.entries(params as Params)) checkParam(name, tensor);
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

export function isCombination(thing: unknown): boolean {
  return typeof (thing as Combination | undefined)?.accumulator === 'function';
}

export function isIterable(thing: unknown): boolean {
  return (
    Object(thing) === thing && (Symbol.iterator in Object(thing) || Symbol.asyncIterator in Object(thing))
  );
}
