import { DeviceLostError } from '../engine/executor.ts';
import { unlessAborted, untilAborted } from './aborting.ts';
import { type BadPose, BadPoseError } from './bad-pose.ts';
import { weightOfPose } from './combination.ts';
import type { Indexed, Weighted } from './params.ts';
import type { Task } from './task.ts';

/**
 * The poses one by one with their index. Sync iterables and async ones read alike, and an abort ends both at once.
 *
 * @throws the signal's reason
 */
export function indexed<Pose>({
  poses,
  signal,
  first,
}: Task<Pose>): AsyncIterable<{ readonly item: Pose; readonly index: number }> {
  return untilAborted(poses, signal, first);
}

/** The poses, as many at a time as share a tape: one, or `posesPerTape` and what is left at the end. */
export async function* groups<Pose>(task: Task<Pose>): AsyncGenerator<readonly Indexed<Pose>[]> {
  const { posesPerTape = 1 } = task;
  let group: Indexed<Pose>[] = [];
  for await (const { item: pose, index } of indexed(task)) {
    group.push({ pose, index });
    if (group.length < posesPerTape) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/**
 * Those that have a weight, with it.
 *
 * @throws RangeError or TypeError naming the pose, for a weight that is none
 */
export function weighted<Pose>(
  { combination }: Task<Pose>,
  poses: readonly Indexed<Pose>[],
): readonly Weighted<Pose>[] {
  if (typeof combination === 'function') return poses.map(each => ({ ...each, weight: 1 }));
  return poses
    .map(({ pose, index }) => ({ pose, index, weight: weightOfPose(combination, pose, index) }))
    .filter(({ weight }) => weight > 0);
}

/**
 * Runs poses together on one tape. If that fails or one of them is bad, each is run on its own, to find which: a bad one is
 * noted in `badPoses`, unless bad poses throw. `run` must change nothing before it is sure to succeed.
 */
export async function runTogether<Pose, Each extends Indexed<Pose>>(
  task: Task<Pose>,
  poses: readonly Each[],
  badPoses: BadPose[],
  run: (poses: readonly Each[]) => Promise<void>,
): Promise<void> {
  let failure: unknown;
  if (poses.length > 1) {
    try {
      await run(poses);
      return;
    } catch (error) {
      if (error instanceof DeviceLostError || task.signal?.aborted) throw error;
      failure = error;
    }
  }
  for (const each of poses) await unlessBad(task, badPoses, () => run([each]));
  // None of them fails on its own, but together they do.
  if (failure && !(failure instanceof BadPoseError)) throw failure;
}

/** Tells `onPose` of a pose, and waits for its promise if it returns one. */
export async function report<Pose>(
  { onPose, signal }: Task<Pose>,
  index: number,
  prediction: number,
  pass: number,
  passes: number,
): Promise<void> {
  const pending = onPose?.({ index, prediction, pass, passes });
  if (pending) await unlessAborted(signal, pending);
  signal?.throwIfAborted();
}

/** Runs one pose; a bad one is noted in `badPoses` and gives nothing, unless bad poses throw. */
export async function unlessBad<Pose, Run>(
  { skipsBadPoses }: Task<Pose>,
  badPoses: BadPose[],
  run: () => Promise<Run>,
): Promise<Run | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!skipsBadPoses || !(error instanceof BadPoseError)) throw error;
    badPoses.push({ index: error.index, reason: error.reason });
    return undefined;
  }
}

/** @throws RangeError where nothing is left to combine, of so many poses of weight 0 */
export function checkAnyPoses(read: number, badPoses: readonly BadPose[], weightless: number): void {
  if (read === 0) throw new RangeError('combinePoses: there are no poses');
  if (badPoses.length + weightless < read) return;
  const [first] = badPoses;
  if (!first) throw new RangeError(`combinePoses: all ${read} poses have weight 0`);
  const others = weightless > 0 ? ` or have weight 0` : '';
  throw new RangeError(
    `combinePoses: all ${read} poses are bad${others}; pose ${first.index}: ${first.reason}`,
  );
}
