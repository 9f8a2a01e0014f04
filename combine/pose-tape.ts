import { DeviceLostError } from '../engine/executor.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import { runGradients } from '../engine/run-gradients.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { Tape, type Value } from '../engine/tape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { slice } from '../ops/shape/slice.ts';
import { BadPoseError } from './bad-pose.ts';
import type { Indexed, Params, Tensors } from './params.ts';
import { realValue, singleNumber } from './results.ts';
import type { Task } from './task.ts';

/** Puts θ on a tape. */
export function recordParams(tape: Tape, params: Params): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => [name, tape.parameter(tensor, name)]),
  );
}

/** Poses by their place, for errors: `pose 3`, `poses 8 to 15`. */
export function placesOf(poses: readonly Pick<Indexed<unknown>, 'index'>[]): string {
  const [first, last] = [poses[0]?.index, poses.at(-1)?.index];
  return first === last ? `pose ${first}` : `poses ${first} to ${last}`;
}

/**
 * Records the score of one pose on a tape, shape [] or [K], or of several, shape [poses] or [poses, K], and holds the scorer
 * to its word: of this tape, now, and as many numbers as the combination takes.
 */
export function recordScores<Pose>(
  task: Task<Pose>,
  tape: Tape,
  params: Record<string, Value>,
  poses: readonly Indexed<Pose>[],
): Value {
  let scores: unknown;
  const missed = new Set<string>();
  try {
    scores = task.score(
      tape,
      noting(missed, params),
      poses.map(({ pose }) => pose),
    );
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : cause;
    const names = Object.keys(params).join(', ');
    const note =
      missed.size > 0 ? ` (no parameter is called ${[...missed].join(', ')}; there are ${names})` : '';
    throw new Error(`${placesOf(poses)}: ${what}${note}`, { cause });
  }
  const who = `${placesOf(poses)}: score`;
  const value = task.posesPerTape ? rowsOf(task, scores, tape, poses, who) : rowOf(task, scores, tape, who);
  task.signal?.throwIfAborted();
  return value;
}

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

function takesOneNumber(combination: Task['combination']): boolean {
  return typeof combination !== 'function' && combination.combine !== undefined;
}

/** The score of one pose of several, shape [] or [K]. */
export function scoreAt(scores: Value, n: number): Value {
  return reshaped(slice(scores, n, n + 1), scores.shape.slice(1));
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

/** A tape, run. */
export interface TapeRun {
  /** The scores of its poses, K numbers each. */
  readonly scores: ArrayLike<number>;
  /** Numbers asked for beside the scores. */
  readonly beside: ArrayLike<number>;
  /** By name, the gradient of each target. None where it was not wanted or `proceed` stopped before it. */
  readonly gradients: readonly Tensors[] | null;
}

/** The values that a tape is run for, besides its scores. */
export interface Targets {
  /** Single numbers to differentiate. */
  readonly targets: readonly Value[];
  /** Numbers to compute beside the scores. */
  readonly beside?: Value;
}

interface RunOptions {
  /** Records what to differentiate; absent where no gradient is wanted. */
  readonly targets?: ((scores: Value, params: Record<string, Value>) => Targets) | undefined;
  /**
   * Asked whether poses of these scores need their gradient. An executor that can stop computes none where they do
   * not; that of any other is dropped unread, so that the same poses are bad on every executor.
   */
  readonly proceed?: (scores: ArrayLike<number>) => boolean;
}

/**
 * Builds the tape of one pose or several, runs it and drops it.
 *
 * @throws BadPoseError for a prediction or gradient that is not finite: of a single pose with the value it came from; of
 * several, which of them it was shows when each is run on its own
 */
export function runPoses<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  options: RunOptions,
): Promise<TapeRun> {
  return withTape(task, poses.length, tape => runOn(tape, task, poses, options));
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

async function runOn<Pose>(
  tape: Tape,
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  { targets: record, proceed = () => true }: RunOptions,
): Promise<TapeRun> {
  const params = recordParams(tape, task.params);
  const names = Object.keys(params);
  const value = recordScores(task, tape, params, poses);
  const { targets, beside } = record?.(value, params) ?? noTargets;
  const wrt = Object.values(params);
  let tensors: Tensor[];
  try {
    const wanted = beside ? [value, beside] : [value];
    tensors = await runGradients(task.executor, wanted, targets, wrt, {
      memory: task.memory,
      shared: task.shared,
      proceed: ({ data }) => areFinite(data) && proceed(data),
    });
  } catch (cause) {
    if (cause instanceof DeviceLostError || cause instanceof BadPoseError) throw cause;
    throw new Error(`${placesOf(poses)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  checkFinite(task, tensors[0] as Tensor, () => value, poses, 'its prediction');
  const scores = (tensors[0] as Tensor).data;
  if (!record || !proceed(scores)) return { scores, beside: [], gradients: null };
  if (beside) checkFinite(task, tensors[1] as Tensor, () => beside, poses, 'its log-weight or values');
  const first = beside ? 2 : 1;
  const gradients = targets.map((target, k) => {
    const named = names.map((name, at): [string, Tensor] => {
      const found = tensors[first + k * names.length + at] as Tensor;
      const slope = () => gradient(target, wrt)[at] as Value;
      checkFinite(task, found, slope, poses, `its gradient with respect to ${name}`);
      return [name, found];
    });
    return Object.fromEntries(named);
  });
  return { scores, beside: beside ? (tensors[1] as Tensor).data : [], gradients };
}

const noTargets: Targets = { targets: [] };

/** Each number of a pose's score by itself. */
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
