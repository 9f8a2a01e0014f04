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

/** @throws RangeError where nothing is left to combine */
export function checkAnyPoses(read: number, badPoses: readonly BadPose[]): void {
  if (read === 0) throw new RangeError('combinePoses: there are no poses');
  if (badPoses.length === read) {
    const [first] = badPoses as readonly [BadPose];
    throw new RangeError(`combinePoses: all ${read} poses are bad; pose ${first.index}: ${first.reason}`);
  }
}

/** Numbers one by one, as many as come, 8 bytes each. */
export class Numbers {
  #numbers = new Float64Array(16);
  length = 0;

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = number;
  }

  toArray(): Float64Array {
    return this.#numbers.slice(0, this.length);
  }
}
