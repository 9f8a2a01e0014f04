import { DeviceLostError } from '../engine/executor.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { Tape, type Value } from '../engine/tape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sum } from '../ops/reduce/sum.ts';
import { slice } from '../ops/shape/slice.ts';
import { BadPoseError } from './bad-pose.ts';
import type { Params } from './params.ts';
import { realValue, singleNumber } from './results.ts';
import type { Task } from './task.ts';

/** Puts θ on a tape. */
export function recordParams(tape: Tape, params: Params): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => [name, tape.parameter(tensor, name)]),
  );
}

/**
 * Records the score of one pose on a tape, and holds the scorer to its word: of this tape, now, one number (shape []) or
 * as many as the combination takes (shape [K]).
 */
export function recordScore<Pose>(
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
  const value = checkedScore(task.combination, prediction, tape, `pose ${index}: score`);
  task.signal?.throwIfAborted();
  return value;
}

function checkedScore(combination: Task['combination'], score: unknown, tape: Tape, who: string): Value {
  if (typeof combination !== 'function' && combination.combine) return singleNumber(score, tape, who);
  const value = realValue(score, tape, who);
  const size = sizeOf(value.shape);
  if (size === 1) return reshaped(value, []);
  if (value.shape.length === 1 && size > 0) return value;
  throw new RangeError(
    `${who} must return one number or a list of K (shape [], [1] or [K]), got shape ${showShape(value.shape)}`,
  );
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

/** One pose, run. */
export interface PoseRun {
  /** Its score, of K numbers. */
  readonly scores: ArrayLike<number>;
  /**
   * By name, the gradient of each number of the score; or of all times the cotangent, if one was given. None where it
   * was not wanted or `proceed` stopped before it.
   */
  readonly gradients: readonly Record<string, Tensor>[] | null;
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
  /** Of a score of several numbers, the factors of their gradients: one backward pass then gives the sum. */
  readonly cotangent?: Float64Array | undefined;
  /**
   * Asked whether a pose of this score needs its gradient. An executor that can stop computes none where it does
   * not; that of any other is dropped unread, so that the same poses are bad on every executor.
   */
  readonly proceed?: (scores: ArrayLike<number>) => boolean;
}

async function runOn<Pose>(
  tape: Tape,
  task: Task<Pose>,
  pose: Pose,
  index: number,
  { wantsGradient, cotangent, proceed = () => true }: RunPoseOptions,
): Promise<PoseRun> {
  const params = recordParams(tape, task.params);
  const names = Object.keys(params);
  const value = recordScore(task, tape, params, pose, index);
  const targets = wantsGradient ? differentiated(value, cotangent) : [];
  const slopes = targets.flatMap(target => gradient(target, Object.values(params)));
  let tensors: Tensor[];
  try {
    tensors = await task.executor.run([value, ...slopes], {
      memory: task.memory,
      shared: task.shared,
      proceed: ({ data }) => areFinite(data) && proceed(data),
    });
  } catch (cause) {
    if (cause instanceof DeviceLostError || cause instanceof BadPoseError) throw cause;
    throw new Error(`pose ${index}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const [first, ...rest] = tensors;
  checkFinite(task, first as Tensor, value, index, 'its prediction');
  const scores = (first as Tensor).data;
  if (!wantsGradient || !proceed(scores)) return { scores, gradients: null };
  const gradients = targets.map((_, k) => {
    const from = k * names.length;
    const named = names.map((name, at): [string, Tensor] => {
      const found = rest[from + at] as Tensor;
      checkFinite(task, found, slopes[from + at] as Value, index, `its gradient with respect to ${name}`);
      return [name, found];
    });
    return Object.fromEntries(named);
  });
  return { scores, gradients };
}

/** The single numbers to differentiate. */
function differentiated(score: Value, cotangent: Float64Array | undefined): Value[] {
  const [width] = score.shape;
  if (width === undefined) return [score];
  if (cotangent) return [sum(mul(score, score.tape.constant(cotangent)))];
  return Array.from({ length: width }, (_, k) => reshaped(slice(score, k, k + 1), []));
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
