import {
  type Accumulator,
  accumulatePoses,
  type BadPose,
  BadPoseError,
  combinePoses,
  finish,
  type Params,
  squaredError,
} from 'posetape/combine';
import { type GivenPooling, poolingNames, poolings, readoutOf, weightsOf } from '../command/poolings.ts';
import type { Compound } from './compounds.ts';
import { Prepared } from './prepared.ts';
import type { CompoundResult } from './result.ts';
import type { Scoring } from './scoring.ts';

/** Result of {@link scoreCompound}. */
export interface Scored {
  readonly result: CompoundResult;
  /** True if a pose touches the receptor. */
  readonly isNear: boolean;
  /** Sums over the poses; only with the strategy `stream`. */
  readonly state?: Accumulator;
}

/**
 * Scores the poses of a compound one after the other. Bad poses are reported and left out.
 *
 * @returns undefined if all poses are bad
 * @throws Error for the first bad pose if the scoring is strict; FarError if no pose touches the receptor
 */
export async function scoreCompound<Pose>(
  compound: Compound,
  scoring: Scoring<Pose>,
): Promise<Scored | undefined> {
  const prepared = new Prepared(compound, scoring);
  try {
    const run = await (scoring.strategy === 'stream' ? streamed : collected)(prepared, scoring);
    if (!run) return undefined;
    for (const { index, reason } of run.badPoses) prepared.reportBad(index, reason);
    if (run.poses === 0) return undefined;
    const { isNear } = prepared;
    return {
      result: resultOf(compound, prepared, run, scoring),
      isNear,
      ...(run.state && { state: run.state }),
    };
  } catch (error) {
    if (!(error instanceof BadPoseError)) throw error;
    throw new Error(prepared.messageOf(error.index, error.reason));
  }
}

/** Result of the library for a compound. It has the same form for all strategies. */
interface Run extends Pick<CompoundResult, 'value' | 'loss' | 'effectiveSampleSize'> {
  readonly state?: Accumulator;
  readonly poses: number;
  readonly badPoses: readonly BadPose[];
  /** Score ΔG_n of each prepared pose; NaN for bad poses. */
  readonly predictions: Float64Array;
  readonly values?: Float64Array;
  readonly gradient: Readonly<Record<string, { readonly data: ArrayLike<number> }>>;
}

function commonOf<Pose>({ scorer, combination, executor, strict, signal, ...scoring }: Scoring<Pose>) {
  return {
    params: scorer.params,
    score: scorer.score,
    posesPerTape: scorer.posesPerTape,
    combination: poolings[combination].make(scoring),
    executor,
    badPose: strict ? 'throw' : 'skip',
    signal,
  } as const;
}

function objectiveOf<Pose>({ target, ...scoring }: Scoring<Pose>) {
  const readout = readoutOf(scoring);
  return { ...(readout && { readout }), ...(target !== undefined && { loss: squaredError(target) }) };
}

/** Scores poses in one pass, with the strategy `stream`. */
async function streamed<Pose>(prepared: Prepared<Pose>, scoring: Scoring<Pose>): Promise<Run> {
  const common = commonOf(scoring);
  const predictions: number[] = [];
  const { state, stats } = await accumulatePoses<Pose, Params>({
    ...common,
    poses: prepared.poses(),
    onPose({ prediction }) {
      predictions.push(prediction);
      return scoring.onPose();
    },
  });
  const { badPoses } = stats;
  const all = { poses: state.count, badPoses, predictions: Float64Array.from(predictions) };
  if (state.count === 0) return { ...all, value: Number.NaN, effectiveSampleSize: 0, gradient: {} };
  const { params, combination } = common;
  const { stats: sums, ...finished } = finish(state, { params, combination, ...objectiveOf(scoring) });
  return { ...all, ...finished, state, effectiveSampleSize: sums.effectiveSampleSize ?? Number.NaN };
}

/** Reads all poses, then scores them with another strategy. Returns undefined if there are none. */
async function collected<Pose>(prepared: Prepared<Pose>, scoring: Scoring<Pose>): Promise<Run | undefined> {
  const poses: Pose[] = [];
  for await (const pose of prepared.poses()) poses.push(pose);
  if (poses.length === 0) return undefined;
  const { strategy, onPose } = scoring;
  const { stats, ...result } = await combinePoses<Pose, Params>({
    ...commonOf(scoring),
    ...objectiveOf(scoring),
    ...{ poses, strategy, onPose },
  });
  const { badPoses, effectiveSampleSize = Number.NaN } = stats;
  return { ...result, poses: stats.poses, badPoses, effectiveSampleSize };
}

function resultOf<Pose>(
  { name, file }: Compound,
  prepared: Prepared<Pose>,
  { value, values, loss, effectiveSampleSize, gradient, ...run }: Run,
  scoring: Scoring<Pose>,
): CompoundResult {
  // Bad poses have NaN as their prediction.
  const scoredOf = <T>(list: readonly T[]): T[] => list.filter((_, n) => !Number.isNaN(run.predictions[n]));
  const sources = scoredOf(prepared.sources);
  const predictions = run.predictions.filter(each => !Number.isNaN(each));
  const bestIndex = predictions.reduce(
    (least, each, n) => (each < (predictions[least] as number) ? n : least),
    0,
  );
  return {
    ...{ name, file, poses: predictions.length, skipped: prepared.skipped, value },
    // Only `spread` has two values: ΔG and the variance.
    ...(values && values.length > 1 && { variance: values[1] as number }),
    ...(loss !== undefined && { loss }),
    effectiveSampleSize,
    best: {
      file: sources[bestIndex]?.file ?? file,
      pose: sources[bestIndex]?.number ?? 0,
      score: predictions[bestIndex] as number,
    },
    gradient: numbersOf(gradient),
    each: {
      predictions,
      weights: weightsOf(predictions, scoring),
      sources,
      ...(scoring.terms && { terms: scoredOf(prepared.terms) }),
    },
    combinations: combinationsOf(predictions, scoring),
  };
}

/** Returns ΔG by every combination, except spread, whose result is two numbers, and power-mean, which needs positive scores. */
function combinationsOf(scores: Float64Array, settings: GivenPooling): Record<string, number> {
  const values: Record<string, number> = {};
  for (const name of poolingNames) {
    if (name === 'spread' || name === 'power-mean') continue;
    const accumulator = poolings[name].make(settings).accumulator();
    for (const score of scores) accumulator.add(score, null);
    values[name] = accumulator.result().value;
  }
  return values;
}

/** Returns the numbers of each tensor of a gradient as a list. */
export function numbersOf(
  gradient: Readonly<Record<string, { readonly data: ArrayLike<number> }>>,
): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(gradient).map(([name, { data }]) => [name, Array.from(data)]));
}
