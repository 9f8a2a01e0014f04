import type { Executor } from '../engine/executor.ts';
import { stoppable, unlessAborted, untilAborted } from './aborting.ts';
import { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { addTo, type Gradients } from './gradients.ts';
import { inOrder } from './in-order.ts';
import { learnedSettings } from './learned.ts';
import type { Indexed, Params } from './params.ts';
import { groups } from './passes.ts';
import type { BackwardPlan, FoldResult, Keep, KeepDifferentiated, KeepPredicted } from './rows.ts';
import type { AnyCombineOptions, Task } from './task.ts';
import {
  type Answers,
  type Chunk,
  type ChunkScoring,
  checkPool,
  type Workers,
  type WorkKind,
  type Works,
} from './workers.ts';

/*
 * The passes over the poses, run by workers. Poses are sent in chunks of a fixed size, and the answers are merged in the
 * order of the poses, so the result is the same to the bit for any number of threads.
 */

/** Runs the pass of `stream`, and merges the sums of the chunks. */
export async function fold<Pose>(task: Task<Pose>, pool: Workers, keep: Keep): Promise<FoldResult> {
  const combination = task.combination as Combination;
  const accumulator = combination.accumulator();
  const badPoses: BadPose[] = [];
  let [read, weightless, backwardSkipped] = [0, 0, 0];
  const wantsRows = task.keepsPredictions || task.onPose !== undefined;
  for await (const { chunk, answer } of answers(task, pool, 'fold', () => ({ wantsRows }))) {
    accumulator.absorb(Accumulator.of(combination, answer.state));
    badPoses.push(...answer.badPoses);
    read += answer.read;
    weightless += answer.weightless;
    backwardSkipped += answer.backwardSkipped;
    for (const [n, row] of answer.rows.entries()) await keep(chunk.first + n, row);
  }
  return { accumulator, badPoses, backwardSkipped, read, weightless };
}

/** Runs the first pass of `recompute`. Returns the number of poses with pose weight 0. */
export async function forward<Pose>(
  task: Task<Pose>,
  pool: Workers,
  badPoses: BadPose[],
  keep: KeepPredicted,
): Promise<number> {
  let weightless = 0;
  for await (const { chunk, answer } of answers(task, pool, 'forward', () => undefined)) {
    badPoses.push(...answer.badPoses);
    weightless += answer.weightless;
    for (const [n, row] of answer.rows.entries()) await keep(chunk.first + n, row);
  }
  return weightless;
}

/** Runs a later pass of `recompute`, and adds the sums of the chunks to the gradient. */
export async function backward<Pose>(
  task: Task<Pose>,
  pool: Workers,
  { poseOf, length, ...plan }: BackwardPlan,
  gradient: Gradients,
  badPoses: BadPose[],
  keep: KeepDifferentiated,
): Promise<{ readonly read: number; readonly backwardSkipped: number }> {
  let [read, backwardSkipped] = [0, 0];
  const workOf = (first: number, count: number): Works['backward'] => ({
    ...plan,
    planned: Array.from({ length: count }, (_, n) => poseOf(first + n)),
  });
  for await (const { chunk, answer } of answers(task, pool, 'backward', workOf)) {
    read += chunk.poses.length;
    if (read > length) break;
    badPoses.push(...answer.badPoses);
    backwardSkipped += answer.backwardSkipped;
    addTo(gradient, 1, answer.gradient);
    for (const [index, isBad] of answer.done) await keep(index, isBad);
  }
  return { read, backwardSkipped };
}

/**
 * Runs the poses in chunks, and yields the answers in the order of the poses. At most two chunks per thread are read and not
 * yet answered, so a source that is faster than the workers waits for them.
 */
async function* answers<Pose, Kind extends WorkKind>(
  task: Task<Pose>,
  pool: Workers,
  kind: Kind,
  workOf: (first: number, count: number) => Works[Kind],
): AsyncGenerator<{ readonly chunk: Chunk<Kind>; readonly answer: Answers[Kind] }> {
  const scoring = scoringOf(task);
  const params = pool.send(task.params);
  const stopping = stoppable(task.signal);
  const { signal } = stopping;
  const chunks = groups({ ...task, signal, posesPerTape: pool.posesPerChunk });
  const run = async (group: readonly Indexed<Pose>[]) => {
    const first = (group[0] as Indexed<Pose>).index;
    const poses = group.map(({ pose }) => pose);
    const chunk = { first, poses, scoring, kind, work: workOf(first, poses.length) };
    return { chunk, answer: await pool.run(chunk, params) };
  };
  try {
    for await (const answered of inOrder(chunks, 2 * pool.threads, stopping, run)) {
      const { peakBytes, tapesAlive } = answered.answer;
      // Taking and giving back raises the peak to that of the worker that needed most.
      task.memory.take(peakBytes);
      task.memory.give(peakBytes);
      task.tapes.take(tapesAlive);
      task.tapes.give(tapesAlive);
      yield answered;
    }
  } finally {
    params.release();
  }
}

/**
 * Runs compounds, several at once, and yields their results in the order read. `run` gets workers that already have the
 * parameters, which are sent once for all compounds.
 */
export async function* compoundsByWorkers<C, P extends Params, Result>(
  compounds: Iterable<C> | AsyncIterable<C>,
  { pool, params, signal }: { readonly pool: Workers; readonly params: P; readonly signal?: AbortSignal },
  run: (compound: C, index: number, pool: Workers, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<{ readonly item: C; readonly index: number; readonly result: Result }> {
  const sent = pool.send(params);
  const withParams: Workers = {
    threads: pool.threads,
    posesPerChunk: pool.posesPerChunk,
    moduleInfo: () => pool.moduleInfo(),
    // Nothing is sent or released for a compound: the parameters were sent above, and are released after the last
    // compound.
    send: () => ({ release() {} }),
    run: chunk => pool.run(chunk, sent),
  };
  const stopping = stoppable(signal);
  try {
    // One compound more than there are threads runs at once, so that no thread idles during a compound's last chunks.
    yield* inOrder(
      untilAborted(compounds, stopping.signal),
      pool.threads + 1,
      stopping,
      async ({ item, index }) => ({
        item,
        index,
        result: await run(item, index, withParams, stopping.signal),
      }),
    );
  } finally {
    sent.release();
  }
}

function scoringOf<Pose>({ combination, ...task }: Task<Pose>): ChunkScoring {
  const { posesPerTape, skipsBadPoses, tolerance, wantsGradient } = task;
  const scoring = { posesPerTape, skipsBadPoses, tolerance, wantsGradient };
  if (typeof combination === 'function')
    return { ...scoring, fold: undefined, isExported: false, learned: {} };
  const { kind, settings, sigma, isOfScore, isWeighted, usesB } = combination;
  const fold = { kind, settings, sigma, isOfScore, isWeighted, usesB };
  const learned = learnedSettings(combination, task.params);
  return { ...scoring, fold, isExported: hasFunctions(combination), learned };
}

function hasFunctions({ weight, pool }: Combination): boolean {
  return weight !== undefined || pool !== undefined;
}

const moduleOptions = ['score', 'poseLoss', 'poseReadout', 'executor', 'onDeviceLost'] as const;

/**
 * Returns placeholders for the options that the workers' module exports.
 *
 * @throws TypeError if the call has one of these options, or the module lacks an export that the call needs
 */
export async function taskByWorkers<Pose, P extends Params>(
  pool: Workers,
  options: AnyCombineOptions<Pose, P>,
): Promise<Pick<Task<Pose>, 'score' | 'poseLoss' | 'poseReadout' | 'executor'>> {
  checkPool(pool);
  for (const name of moduleOptions)
    if (options[name] !== undefined)
      throw new TypeError(
        `combinePoses: with workers, ${name} must be an export of their module; leave out the option`,
      );
  const info = await unlessAborted(options.signal, pool.moduleInfo());
  const has = (name: string) => info.exports.includes(name);
  const scorer = options.posesPerTape === undefined ? 'score' : 'scoreGroup';
  if (!has(scorer)) throw new TypeError(`combinePoses: the workers’ module does not export ${scorer}`);
  const { combination } = options;
  if (typeof combination !== 'function' && hasFunctions(combination) && !has('combination'))
    throw new TypeError(
      `combinePoses: ${combination.kind} has functions, which cannot be sent to workers; export it from their module as combination`,
    );
  const byWorkers = (): never => {
    throw new Error('combinePoses: poses are scored by the workers');
  };
  const executor: Executor = { ...info.executor, stops: false, run: byWorkers };
  return {
    score: byWorkers,
    executor,
    poseLoss: has('poseLoss') ? byWorkers : undefined,
    poseReadout: has('poseReadout') ? byWorkers : undefined,
  };
}
