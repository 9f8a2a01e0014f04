import { DeviceLostError } from '../engine/executor.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { describe, isValue, Tape, type Value } from '../engine/tape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { BadPoseError } from './bad-pose.ts';
import type { Params, Task } from './task.ts';

/** Puts θ on a tape. */
export function recordParams(tape: Tape, params: Params): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => [name, tape.parameter(tensor, name)]),
  );
}

/** Records the prediction of one pose on a tape, and holds the scorer to its word: one number, of this tape, now. */
export function recordPrediction<Pose>(
  task: Task<Pose>,
  tape: Tape,
  params: Record<string, Value>,
  pose: Pose,
  index: number,
): Value {
  let prediction: unknown;
  const missed = new Set<string>();
  try {
    prediction = task.score(tape, noting(missed, params), pose);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : cause;
    const names = Object.keys(params).join(', ');
    const note =
      missed.size > 0 ? ` (no parameter is called ${[...missed].join(', ')}; there are ${names})` : '';
    throw new Error(`pose ${index}: ${what}${note}`, { cause });
  }
  const value = singleNumber(prediction, tape, `pose ${index}: score`);
  task.signal?.throwIfAborted();
  return value;
}

/** The parameters as a scorer sees them. What it reads in vain is noted: a scorer may ask what there is, or misspell it. */
function noting(missed: Set<string>, params: Record<string, Value>): Record<string, Value> {
  return new Proxy(params, {
    get: (known, name) => {
      if (typeof name === 'string' && !(name in known)) missed.add(name);
      return known[name as string];
    },
  });
}

/** What a function of the user's returned, as a value of shape [], or an error that names the function. */
export function singleNumber(result: unknown, tape: Tape, who: string): Value {
  if (result instanceof Promise) {
    // Nobody awaits it any more: its own failure must not end the process.
    result.catch(() => {});
    throw new TypeError(
      `${who} returned a promise, but it only records and so has nothing to wait for; load what it needs beforehand, or give the poses as an async iterable`,
    );
  }
  if (!isValue(result)) throw new TypeError(`${who} must return a value on its tape, got ${typeof result}`);
  if (result.tape !== tape)
    throw new Error(`${who} returned ${describe(result)} of another tape; record it on the tape it is given`);
  if (result.dtype !== 'real' || sizeOf(result.shape) !== 1) {
    throw new RangeError(
      `${who} must return a single number (shape [] or [1]), got ${result.dtype === 'real' ? '' : 'index data of '}shape ${showShape(result.shape)}; sum it, or pick an entry`,
    );
  }
  return reshaped(result, []);
}

/** One pose, run: its prediction, and its gradient by name unless it was not wanted or `proceed` stopped before it. */
export interface PoseRun {
  readonly prediction: number;
  readonly gradient: Record<string, Tensor> | null;
}

/**
 * Builds the tape of one pose, runs it and drops it.
 *
 * @throws BadPoseError for a prediction or gradient that is not finite, with the value it came from
 */
export function runPose<Pose>(
  task: Task<Pose>,
  pose: Pose,
  index: number,
  options: RunPoseOptions,
): Promise<PoseRun> {
  return withTape(task, 1, tape => runOn(tape, task, pose, index, options));
}

/** Hands out a tape, counted as alive for so many poses until the work on it is over. */
export async function withTape<T>(
  { tapes }: Pick<Task, 'tapes'>,
  poses: number,
  use: (tape: Tape) => Promise<T>,
): Promise<T> {
  tapes.take(poses);
  try {
    return await use(new Tape());
  } finally {
    tapes.give(poses);
  }
}

interface RunPoseOptions {
  readonly wantsGradient: boolean;
  /**
   * Asked whether a pose of this prediction needs its gradient. An executor that can stop computes none where it does
   * not; that of any other is dropped unread, so that the same poses are bad on every executor.
   */
  readonly proceed?: (prediction: number) => boolean;
}

async function runOn<Pose>(
  tape: Tape,
  task: Task<Pose>,
  pose: Pose,
  index: number,
  { wantsGradient, proceed = () => true }: RunPoseOptions,
): Promise<PoseRun> {
  const params = recordParams(tape, task.params);
  const names = Object.keys(params);
  const value = recordPrediction(task, tape, params, pose, index);
  const slopes = wantsGradient ? gradient(value, Object.values(params)) : [];
  let tensors: Tensor[];
  try {
    tensors = await task.executor.run([value, ...slopes], {
      memory: task.memory,
      shared: task.shared,
      proceed: ({ data }) => Number.isFinite(data[0]) && proceed(data[0] as number),
    });
  } catch (cause) {
    if (cause instanceof DeviceLostError) throw cause;
    throw new Error(`pose ${index}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const [first, ...rest] = tensors;
  checkFinite(task, first as Tensor, value, index, 'its prediction');
  const prediction = first?.data[0] as number;
  if (!wantsGradient || !proceed(prediction)) return { prediction, gradient: null };
  for (const [k, slope] of slopes.entries()) {
    checkFinite(task, rest[k] as Tensor, slope, index, `its gradient with respect to ${names[k]}`);
  }
  return { prediction, gradient: Object.fromEntries(names.map((name, k) => [name, rest[k] as Tensor])) };
}

function checkFinite<Pose>(
  { reasonOf }: Task<Pose>,
  { data }: Tensor,
  value: Value,
  index: number,
  what: string,
): void {
  if (!areFinite(data)) throw new BadPoseError({ index, reason: reasonOf(what, value, data) });
}
