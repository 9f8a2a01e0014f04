import { checkOptions } from '../engine/options.ts';
import type { Accumulator } from './accumulator.ts';
import type { Combination } from './combination.ts';
import { checkSameFold } from './fold.ts';
import { checkLearned } from './learned.ts';
import { checkParams, isCombination, optionNames, taskOf } from './options.ts';
import type { Params } from './params.ts';
import { type CombineResult, type CombineStats, checkGradient, guarded } from './poses.ts';
import { checkFunction } from './settings.ts';
import { accumulate, closeState } from './stream.ts';
import type { AnyCombineOptions, ByWorkers, Closing, CombineOptions, Grouped } from './task.ts';

/** The sums over some of the poses, and how they came about. */
export interface PartialSums {
  /** Sums over the poses so far. */
  readonly state: Accumulator;
  /** Facts about the run. */
  readonly stats: Pick<
    CombineStats,
    'poses' | 'badPoses' | 'backwardSkipped' | 'peakBytes' | 'tapesAlive' | 'executor'
  >;
}

/** Options of {@link accumulatePoses}: those of `combinePoses` without what is made of all poses together. */
export type AccumulateOptions<Pose, P extends Params> = Omit<
  CombineOptions<Pose, P>,
  'strategy' | 'loss' | 'readout' | 'keepPredictions' | 'combination'
> & {
  /** A combination that is no function in ops: those have no sums. */
  readonly combination: Combination;
};

const notHere: readonly string[] = ['strategy', 'loss', 'readout', 'keepPredictions'];
const names = optionNames.filter(name => !notHere.includes(name));

/**
 * The first half of `combinePoses` under `stream`: scores the poses and gives the state instead of the result. States of
 * shards, workers or an earlier run are merged by `merge`, written by `toJSON`, read by `combination.accumulator`, and
 * closed by {@link finish}. There may be no poses.
 *
 * @throws as `combinePoses` does
 * @example
 * const parts = await Promise.all(shards.map(poses => accumulatePoses({ ...scoring, poses })));
 * const whole = parts.map(({ state }) => state).reduce((a, b) => a.merge(b));
 * const { value, gradient } = finish(whole, { ...scoring, loss: squaredError(-9) });
 */
export async function accumulatePoses<Pose, const P extends Params>(
  options: Grouped<AccumulateOptions<Pose, P>, Pose, P>,
): Promise<PartialSums>;
export async function accumulatePoses<Pose, const P extends Params>(
  options: ByWorkers<AccumulateOptions<Pose, P>>,
): Promise<PartialSums>;
export async function accumulatePoses<Pose, const P extends Params>(
  options: AccumulateOptions<Pose, P>,
): Promise<PartialSums>;
export async function accumulatePoses<Pose, const P extends Params>(
  options:
    | AccumulateOptions<Pose, P>
    | Grouped<AccumulateOptions<Pose, P>, Pose, P>
    | ByWorkers<AccumulateOptions<Pose, P>>,
): Promise<PartialSums> {
  checkOptions('accumulatePoses', options, names as never);
  if (typeof options.combination === 'function' || !isCombination(options.combination))
    throw new TypeError('accumulatePoses: combination must be mean(), lse(), boltzmann() or a pooling()');
  const task = await taskOf({ ...options, keepPredictions: false } as AnyCombineOptions<Pose, P>, 'stream');
  const { accumulator, badPoses, backwardSkipped } = await guarded(task, accumulate);
  return {
    state: accumulator,
    stats: {
      poses: accumulator.count,
      badPoses,
      backwardSkipped,
      peakBytes: task.memory.peak,
      tapesAlive: task.tapes.peak,
      executor: task.executor.name,
    },
  };
}

/** Options of {@link finish}: the objective that a state is closed with. */
export type FinishOptions<Pose, P extends Params> = Pick<
  CombineOptions<Pose, P>,
  'params' | 'loss' | 'readout'
> & {
  /** The one that the state was made by. */
  readonly combination: Combination;
  /** The one that the state was made with, if there was one; its sums are in the state. */
  readonly poseLoss?: CombineOptions<Pose, P>['poseLoss'];
};

/** Result of {@link finish}: that of `combinePoses` without what tells poses apart. */
export type Finished<P extends Params> = Pick<
  CombineResult<P>,
  'value' | 'values' | 'readout' | 'loss' | 'gradient'
> & {
  /** Facts about the poses that the state is of. */
  readonly stats: Pick<CombineStats, 'poses' | 'effectiveSampleSize'>;
};

/**
 * The second half of `combinePoses`: ΔG, readout, loss and gradient of a state. The state is left as it was, so it may go on
 * or be closed in another way. Options of `combinePoses` that only scoring needs may stand among the others; they are not read.
 *
 * @throws RangeError before the first pose, TypeError for a state of another combination or an option that there is not
 */
export function finish<Pose, const P extends Params>(
  state: Accumulator,
  options: FinishOptions<Pose, P>,
): Finished<P> {
  checkOptions('finish', options, optionNames as never);
  const { combination, params, loss, readout, poseLoss } = options;
  if (!isCombination(combination))
    throw new TypeError('finish: combination must be the one the state was made by');
  checkSameFold('finish', combination, state.fold);
  checkParams(params);
  checkLearned(combination, params);
  for (const [name, given] of Object.entries({ loss, readout, poseLoss }))
    checkFunction('finish', name, given);
  if (state.count === 0) throw new RangeError('finish: no poses were added');
  const closing = { combination, params: { ...params }, loss, readout, poseLoss } as unknown as Closing<Pose>;
  const { values, gradient, ...closed } = closeState(closing, state);
  checkGradient(gradient);
  return {
    value: values[0] as number,
    ...(values.length > 1 && { values }),
    ...(closed.readout !== undefined && { readout: closed.readout }),
    ...(closed.loss !== undefined && { loss: closed.loss }),
    gradient: gradient as CombineResult<P>['gradient'],
    stats: { poses: state.count, effectiveSampleSize: state.effectiveSampleSize },
  };
}
