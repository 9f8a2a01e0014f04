import { DeviceLostError } from '../engine/executor.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import { runGradients } from '../engine/run-gradients.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { Tape, type Value } from '../engine/tape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { slice } from '../ops/shape/slice.ts';
import { BadPoseError } from './bad-pose.ts';
import { watched } from './missing-params.ts';
import type { Indexed, Params, Tensors } from './params.ts';
import { realValue, singleNumber } from './results.ts';
import type { Task } from './task.ts';

/** Records the parameters on a tape. */
export function recordParams(tape: Tape, params: Params): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => [name, tape.parameter(tensor, name)]),
  );
}

/** Names poses by their indices, for errors: `pose 3`, `poses 8 to 15`. */
export function indicesOf(poses: readonly Pick<Indexed<unknown>, 'index'>[]): string {
  const [first, last] = [poses[0]?.index, poses.at(-1)?.index];
  return first === last ? `pose ${first}` : `poses ${first} to ${last}`;
}

/**
 * Records the score of one pose, shape [] or [K], or of several poses, shape [poses] or [poses, K].
 *
 * @throws Error naming the poses, if the scorer throws or returns a promise, a value of another tape, or a shape that the
 * combination does not take; the signal's reason
 */
export function recordScores<Pose>(
  task: Task<Pose>,
  tape: Tape,
  params: Record<string, Value>,
  poses: readonly Indexed<Pose>[],
): Value {
  let scores: unknown;
  const { params: proxied, note } = watched(params);
  try {
    scores = task.score(
      tape,
      proxied,
      poses.map(({ pose }) => pose),
    );
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : cause;
    throw new Error(`${indicesOf(poses)}: ${what}${note()}`, { cause });
  }
  const who = `${indicesOf(poses)}: score`;
  const value = task.posesPerTape ? rowsOf(task, scores, tape, poses, who) : rowOf(task, scores, tape, who);
  task.signal?.throwIfAborted();
  return value;
}

/** Checks the score of one pose. Returns it in shape [] or [K]. */
function rowOf({ combination }: Pick<Task, 'combination'>, score: unknown, tape: Tape, who: string): Value {
  if (takesOneNumber(combination)) return singleNumber(score, tape, who);
  const value = realValue(score, tape, who);
  const size = sizeOf(value.shape);
  if (size === 1) return reshaped(value, []);
  if (value.shape.length === 1 && size > 0) return value;
  throw new RangeError(
    `${who} must return one number or a list of K (shape [], [1] or [K]), got shape ${showShape(value.shape)}`,
  );
}

/** Checks the scores of a group. Returns them in shape [poses] or [poses, K]; those of a single pose in shape [] or [K]. */
function rowsOf(
  { combination }: Pick<Task, 'combination'>,
  scores: unknown,
  tape: Tape,
  { length }: readonly unknown[],
  who: string,
): Value {
  const value = realValue(scores, tape, who);
  const [rows, width = 1, ...rest] = value.shape;
  const isRight = rows === length && rest.length === 0 && width > 0;
  if (!isRight || (width > 1 && takesOneNumber(combination))) {
    const wanted = takesOneNumber(combination) ? `[${length}]` : `[${length}] or [${length}, K]`;
    throw new RangeError(
      `${who} must return one row for each pose of its tape, shape ${wanted}, got shape ${showShape(value.shape)}`,
    );
  }
  const row = width === 1 ? [] : [width];
  return reshaped(value, length === 1 ? row : [length, ...row]);
}

/** True if the combination needs a score that is a single number. */
function takesOneNumber(combination: Task['combination']): boolean {
  return typeof combination !== 'function' && combination.combine !== undefined;
}

/** Returns the score of pose n of a group, shape [] or [K]. */
export function scoreAt(scores: Value, n: number): Value {
  return reshaped(slice(scores, n, n + 1), scores.shape.slice(1));
}

/** Result of running a tape. */
export interface TapeRun {
  /** The scores of the tape's poses, K numbers each. */
  readonly scores: ArrayLike<number>;
  /** The numbers of {@link Targets.extras}. */
  readonly extras: ArrayLike<number>;
  /** The gradient of each target, by parameter name; null if gradients were not wanted or `proceed` returned false. */
  readonly gradients: readonly Tensors[] | null;
}

/** Values that a tape computes in addition to its scores. */
export interface Targets {
  /** Single numbers to differentiate. */
  readonly targets: readonly Value[];
  /** Numbers to compute without their gradients. */
  readonly extras?: Value;
}

interface RunOptions {
  /** Records the targets; absent if no gradient is wanted. */
  readonly targets?: ((scores: Value, params: Record<string, Value>) => Targets) | undefined;
  /**
   * True if poses with these scores need their gradients. If false, an executor that can stop after the scores does so.
   * Other executors compute the gradients anyway, and the gradients are dropped unread, so that the same poses are bad on all
   * executors.
   */
  readonly proceed?: (scores: ArrayLike<number>) => boolean;
}

/**
 * Records the tape of one or several poses, runs it and drops it.
 *
 * @throws BadPoseError for a prediction or gradient that is not finite. With several poses, the error has the index of the
 * first pose and no cause: run each alone to find the bad ones
 */
export function runPoses<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  options: RunOptions,
): Promise<TapeRun> {
  return withTape(task, poses.length, tape => runOn(tape, task, poses, options));
}

/** Calls `use` with a new tape, which counts as alive for this number of poses until `use` is done. */
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

async function runOn<Pose>(
  tape: Tape,
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  { targets: record, proceed = () => true }: RunOptions,
): Promise<TapeRun> {
  const params = recordParams(tape, task.params);
  const names = Object.keys(params);
  const value = recordScores(task, tape, params, poses);
  const { targets, extras } = record?.(value, params) ?? noTargets;
  const wrt = Object.values(params);
  let tensors: Tensor[];
  try {
    const wanted = extras ? [value, extras] : [value];
    tensors = await runGradients(task.executor, wanted, targets, wrt, {
      memory: task.memory,
      shared: task.shared,
      proceed: ({ data }) => areFinite(data) && proceed(data),
    });
  } catch (cause) {
    if (cause instanceof DeviceLostError || cause instanceof BadPoseError) throw cause;
    throw new Error(`${indicesOf(poses)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  checkFinite(task, tensors[0] as Tensor, () => value, poses, 'its prediction');
  const scores = (tensors[0] as Tensor).data;
  if (!record || !proceed(scores)) return { scores, extras: [], gradients: null };
  if (extras) checkFinite(task, tensors[1] as Tensor, () => extras, poses, 'its log-weight or values');
  const firstGradient = extras ? 2 : 1;
  const gradients = targets.map((target, k) => {
    const named = names.map((name, at): [string, Tensor] => {
      const slopes = tensors[firstGradient + k * names.length + at] as Tensor;
      const recordSlope = () => gradient(target, wrt)[at] as Value;
      checkFinite(task, slopes, recordSlope, poses, `its gradient with respect to ${name}`);
      return [name, slopes];
    });
    return Object.fromEntries(named);
  });
  return { scores, extras: extras ? (tensors[1] as Tensor).data : [], gradients };
}

const noTargets: Targets = { targets: [] };

/** Makes each number of a pose's score a target. */
export function eachNumber(score: Value): Targets {
  const [width] = score.shape;
  if (width === undefined) return { targets: [score] };
  return { targets: Array.from({ length: width }, (_, k) => reshaped(slice(score, k, k + 1), [])) };
}

function checkFinite<Pose>(
  { reasonOf }: Task<Pose>,
  { data }: Tensor,
  value: () => Value,
  poses: readonly Indexed<Pose>[],
  what: string,
): void {
  if (areFinite(data)) return;
  const { index } = poses[0] as Indexed<Pose>;
  const reason = poses.length === 1 ? reasonOf(what, value(), data) : `${what} is not finite`;
  throw new BadPoseError({ index, reason });
}
