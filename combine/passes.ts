import { DeviceLostError } from '../engine/executor.ts';
import { unlessAborted, untilAborted } from './aborting.ts';
import { type BadPose, BadPoseError } from './bad-pose.ts';
import { weightOfPose } from './combination.ts';
import type { Indexed, Weighted } from './params.ts';
import type { Task } from './task.ts';

/**
 * Reads the poses, sync or async, with their indices. An abort ends the reading at once.
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

/**
 * Reads the poses in groups that share a tape. A group is a single pose, or `posesPerTape` poses; the last may be
 * smaller.
 */
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
 * Returns the poses whose pose weight is not 0, with that weight.
 *
 * @throws TypeError or RangeError naming the pose, if its pose weight is not a finite number from 0
 */
export function weighted<Pose>(
  { combination }: Task<Pose>,
  poses: readonly Indexed<Pose>[],
): readonly Weighted<Pose>[] {
  if (typeof combination === 'function') return poses.map(pose => ({ ...pose, weight: 1 }));
  return poses
    .map(({ pose, index }) => ({ pose, index, weight: weightOfPose(combination, pose, index) }))
    .filter(({ weight }) => weight > 0);
}

/**
 * Runs poses together on one tape. If that fails or a pose is bad, each pose runs alone. Bad ones are added to `badPoses`, or
 * thrown unless bad poses are skipped. `run` must change no state before it is certain to succeed.
 */
export async function runTogether<Pose, Item extends Indexed<Pose>>(
  task: Task<Pose>,
  poses: readonly Item[],
  badPoses: BadPose[],
  run: (poses: readonly Item[]) => Promise<void>,
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
  for (const pose of poses) await unlessBad(task, badPoses, () => run([pose]));
  // No pose failed alone, except bad ones that are skipped. So the error of the joint run is thrown, unless it was of a bad pose.
  if (failure && !(failure instanceof BadPoseError)) throw failure;
}

/** Calls `onPose` for a pose, and awaits the promise if it returns one. */
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

/** Runs one pose. If it is bad and bad poses are skipped, adds it to `badPoses` and returns undefined. */
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

/**
 * Checks that at least one pose is left to combine.
 *
 * @param weightless number of poses with pose weight 0
 * @throws RangeError if no pose was read, or all are bad or have pose weight 0
 */
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
