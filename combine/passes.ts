import { unlessAborted, untilAborted } from './aborting.ts';
import { type BadPose, BadPoseError } from './bad-pose.ts';
import type { Task } from './task.ts';

/**
 * The poses one by one with their index. Sync iterables and async ones read alike, and an abort ends both at once.
 *
 * @throws the signal's reason
 */
export function indexed<Pose>({
  poses,
  signal,
}: Task<Pose>): AsyncIterable<{ readonly item: Pose; readonly index: number }> {
  return untilAborted(poses, signal);
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
