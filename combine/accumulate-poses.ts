import { checkOptions } from '../engine/options.ts';
import type { Accumulator } from './accumulator.ts';
import type { Combination } from './combination.ts';
import { checkSameFold } from './fold.ts';
import { learnedSettings } from './learned.ts';
import { checkParams, isCombination, optionNames, taskOf } from './options.ts';
import type { Params } from './params.ts';
import { type CombineResult, type CombineStats, checkSummedGradient, guarded } from './poses.ts';
import { checkFunction } from './settings.ts';
import { accumulate, closeState } from './stream.ts';
import type { AnyCombineOptions, ByWorkers, Closing, CombineOptions, Grouped } from './task.ts';

/** Result of {@link accumulatePoses}. */
export interface PartialSums {
  /** Sums over the poses. */
  readonly state: Accumulator;
  /** Counts and sizes of the run. */
  readonly stats: Pick<
    CombineStats,
    'poses' | 'badPoses' | 'backwardSkipped' | 'peakBytes' | 'tapesAlive' | 'executor'
  >;
}

/** Options of {@link accumulatePoses}: those of `combinePoses` except `strategy`, `loss`, `readout` and `keepPredictions`. */
export type AccumulateOptions<Pose, P extends Params> = Omit<
  CombineOptions<Pose, P>,
  'strategy' | 'loss' | 'readout' | 'keepPredictions' | 'combination'
> & {
  /** A combination that has sums: any except a function in ops. */
  readonly combination: Combination;
};

const excluded: readonly string[] = ['strategy', 'loss', 'readout', 'keepPredictions'];
const names = optionNames.filter(name => !excluded.includes(name));

/**
 * The first half of `combinePoses` under `stream`: scores the poses and returns their sums, called a state. `merge` joins the
 * states of shards, machines or earlier runs, `toJSON` writes a state, `combination.accumulator` reads it back, and
 * {@link finish} turns it into a result. An empty list of poses is allowed.
 *
 * @throws the errors of `combinePoses`
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
  // A union type has only the keys that its members share, hence the cast.
  checkOptions('accumulatePoses', options, names as never);
  if (typeof options.combination === 'function' || !isCombination(options.combination))
    throw new TypeError(
      'accumulatePoses: combination must be mean(), lse(), boltzmann() or another with sums, not a function in ops',
    );
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

/** Options of {@link finish}. */
export type FinishOptions<Pose, P extends Params> = Pick<
  CombineOptions<Pose, P>,
  'params' | 'loss' | 'readout'
> & {
  /** The combination that made the state. */
  readonly combination: Combination;
  /** The poseLoss that the state was made with, if any. Its sums are in the state, so it is not called. */
  readonly poseLoss?: CombineOptions<Pose, P>['poseLoss'];
};

/** Result of {@link finish}: the result of `combinePoses` without the numbers of single poses. */
export type Finished<P extends Params> = Pick<
  CombineResult<P>,
  'value' | 'values' | 'readout' | 'loss' | 'gradient'
> & {
  /** Number of poses in the state, and their effective sample size. */
  readonly stats: Pick<CombineStats, 'poses' | 'effectiveSampleSize'>;
};

/**
 * The second half of `combinePoses`: computes ΔG, readout, loss and gradient from a state. The state is not changed, so you may
 * add poses to it or finish it again with other options. Options that only scoring needs are accepted and ignored.
 *
 * @throws RangeError for a state without poses, TypeError for a state of another combination or an unknown option
 */
export function finish<Pose, const P extends Params>(
  state: Accumulator,
  options: FinishOptions<Pose, P>,
): Finished<P> {
  // Options that only scoring needs are not in the type, hence the cast.
  checkOptions('finish', options, optionNames as never);
  const { combination, params, loss, readout, poseLoss } = options;
  if (!isCombination(combination))
    throw new TypeError('finish: combination must be the one that made the state');
  checkSameFold('finish: the state', combination, state.fold);
  checkParams(params);
  learnedSettings(combination, params);
  for (const [name, option] of Object.entries({ loss, readout, poseLoss }))
    checkFunction('finish', name, option);
  if (state.count === 0) throw new RangeError('finish: no poses were added');
  const closing = { combination, params: { ...params }, loss, readout, poseLoss } as unknown as Closing<Pose>;
  const { values, gradient, ...closed } = closeState(closing, state);
  checkSummedGradient(gradient);
  return {
    value: values[0] as number,
    ...(values.length > 1 && { values }),
    ...(closed.readout !== undefined && { readout: closed.readout }),
    ...(closed.loss !== undefined && { loss: closed.loss }),
    gradient: gradient as CombineResult<P>['gradient'],
    stats: { poses: state.count, effectiveSampleSize: state.effectiveSampleSize },
  };
}
