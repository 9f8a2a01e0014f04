import { evaluate } from '../engine/evaluate.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { Tape, type Value } from '../engine/tape.ts';
import { type Tensor, type TensorData, tensor } from '../engine/tensor.ts';
import { add } from '../ops/arithmetic/add.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { sum } from '../ops/reduce/sum.ts';
import { concat } from '../ops/shape/concat.ts';
import { slice } from '../ops/shape/slice.ts';
import type { Accumulator } from './accumulator.ts';
import type { Combination } from './combination.ts';
import { LazyParams } from './lazy-params.ts';
import { logMeanOf } from './log-mean.ts';
import type { Indexed, Params, Tensors } from './params.ts';
import { recordPooled, recordValue } from './pooled-pose.ts';
import { realValue, singleNumber } from './results.ts';
import type { Closing, LossContext, ObjectiveNumbers, Task } from './task.ts';

/*
 * From predictions to what is differentiated: the combination, the readout, the losses. Under `stream` and `recompute`
 * they run on small tapes of their own, in float64 whatever precision the scorer computes in; `full-graph` records them
 * onto its one tape.
 */

/** Values that are reported, and the one that is differentiated. */
interface Objective {
  readonly readout: Value | undefined;
  /** loss + Σ poseLoss if there are any, else the readout, else ΔG. */
  readonly target: Value;
  readonly isLoss: boolean;
}

/**
 * Records the whole objective of the predictions of these poses.
 *
 * @param predictions shape [N] or [N, K]
 * @param scores the same pose by pose, asked for where each is treated by itself
 */
export function recordObjective<Pose>(
  task: Task<Pose>,
  params: Record<string, Value>,
  predictions: Value,
  scores: () => readonly Value[],
  poses: readonly Indexed<Pose>[],
  weights: readonly number[] | undefined,
): Objective & { readonly value: Value } {
  const { combination } = task;
  const value =
    typeof combination === 'function'
      ? recordOwn(combination, params, predictions)
      : combination.combine
        ? combination.combine(predictions, weights)
        : recordPooled(combination, params, scores(), poses, weights);
  const combined = recordLoss(task, params, value, () => predictions);
  const poseLosses = task.poseLoss
    ? scores().map((score, n) => recordPoseLoss(task, params, score, poses[n] as Indexed<Pose>))
    : [];
  if (poseLosses.length === 0) return { value, ...combined };
  const total = sum(concat(poseLosses.map(each => reshaped(each, [1]))));
  return {
    value,
    readout: combined.readout,
    target: combined.isLoss ? add(combined.target, total) : total,
    isLoss: true,
  };
}

type InOps = Extract<Task['combination'], (...given: never[]) => unknown>;

function recordOwn(combination: InOps, params: Record<string, Value>, predictions: Value): Value {
  return singleNumber(combination(predictions, { params }), predictions.tape, 'combination');
}

function recordLoss<Pose>(
  { readout, loss, poseLoss, combination }: Closing<Pose>,
  params: Record<string, Value>,
  value: Value,
  predictions: () => Value,
): Objective {
  const { tape } = value;
  const read = readout && readFrom(value, readout(value, { params }), 'readout');
  const context: LossContext = {
    params,
    get predictions() {
      return predictions();
    },
  };
  if (loss)
    return { readout: read, target: singleNumber(loss(read ?? value, context), tape, 'loss'), isLoss: true };
  const target = read ?? value;
  if (sizeOf(target.shape) === 1) return { readout: read, target: reshaped(target, []), isLoss: false };
  if (poseLoss) return { readout: read, target: tape.constant(0), isLoss: false };
  const who = read ? 'readout' : (combination as Combination).kind;
  throw new RangeError(
    `combinePoses: ${who} gives shape ${showShape(target.shape)}; give a loss or a readout that makes a single number of it`,
  );
}

/** Checks what a readout returned: a single number, if it was given one. */
function readFrom({ tape, shape }: Value, result: unknown, who: string): Value {
  return sizeOf(shape) === 1 ? singleNumber(result, tape, who) : realValue(result, tape, who);
}

/** Records l_n of a pose. */
export function recordPoseLoss<Pose>(
  { poseReadout, poseLoss }: Task<Pose>,
  params: Record<string, Value>,
  prediction: Value,
  { pose, index }: Indexed<Pose>,
): Value {
  const context = { pose, index, params };
  const { tape } = prediction;
  const read = poseReadout
    ? readFrom(prediction, poseReadout(prediction, context), 'poseReadout')
    : prediction;
  return singleNumber(poseLoss?.(read, context), tape, 'poseLoss');
}

/** @throws TypeError: the predictions of stream */
function unkept(): never {
  throw new TypeError(
    'combinePoses: the loss reads all predictions, which stream does not keep; use the strategy recompute',
  );
}

/** Records readout and loss on a tape that is thrown away, so that what is wrong with them shows before the poses. */
export function checkLoss<Pose>(task: Task<Pose>): void {
  // Of a pooling or a combination of one's own, the shape is not known yet.
  if (typeof task.combination === 'function' || task.combination.pool) return;
  const tape = new Tape();
  recordLoss(task, new LazyParams(tape, task.params).values, tape.parameter(tensor(0), 'ΔG'), unkept);
}

/** An objective in numbers, and its slopes. */
export interface Slopes extends ObjectiveNumbers {
  /** In each number that ΔG was made of; zeros where the poseLosses alone are differentiated, as all that follow. */
  readonly slopes: Float64Array;
  /** In each prediction, where the loss reads them. */
  readonly predictionSlopes: Float64Array | undefined;
  /** In each parameter that is read after the scorer, ΔG and the predictions held. */
  readonly direct: Tensors;
}

/**
 * Combination, readout and loss of sums over the poses.
 *
 * @param predictions all of them, where they are kept
 */
export function objectiveOf<Pose>(
  task: Closing<Pose>,
  accumulator: Accumulator,
  predictions?: () => Tensor,
): Slopes {
  const combination = task.combination as Combination;
  const summary = combination.summary(accumulator.moments);
  const params = (tape: Tape) => new LazyParams(tape, task.params);
  const tape = new Tape();
  return closed(
    task,
    tape,
    params(tape),
    tape.parameter(tensor(summary), 'averages'),
    predictions,
    (given, { values }) => recordSummary(combination, values, accumulator, given),
  );
}

/** The same of a combination of one's own, in ops, of all predictions. */
export function ownObjectiveOf<Pose>(task: Task<Pose>, predictions: Tensor): Slopes {
  const tape = new Tape();
  const given = tape.parameter(predictions, 'predictions');
  return closed(task, tape, new LazyParams(tape, task.params), given, undefined, (all, { values }) =>
    recordOwn(task.combination as InOps, values, all),
  );
}

/** Records ΔG of the numbers of a summary. */
function recordSummary(
  combination: Combination,
  params: Record<string, Value>,
  { moments }: Accumulator,
  given: Value,
): Value {
  if (!combination.pool) return reshaped(given, []);
  const m = moments.M.length;
  const logSum = reshaped(slice(given, m, m + 1), []);
  // As log Z and the numbers given have lost digits: its slope, and a number of its own.
  const logMean = add(sub(logSum, stopGradient(logSum)), moments.r + logMeanOf(moments));
  const mean = m > 0 ? { mean: slice(given, 0, m) } : {};
  return recordValue(combination, params, { ...mean, logSum, logMean, count: moments.N });
}

function closed<Pose>(
  task: Closing<Pose>,
  tape: Tape,
  params: LazyParams,
  given: Value,
  predictions: (() => Tensor) | undefined,
  record: (given: Value, params: LazyParams) => Value,
): Slopes {
  const isOwn = typeof task.combination === 'function';
  let all = isOwn ? given : undefined;
  const value = record(given, params);
  const { readout, target, isLoss } = recordLoss(task, params.values, value, () => {
    all ??= predictions ? tape.parameter(predictions(), 'predictions') : unkept();
    return all;
  });
  const isTarget = isLoss || !task.poseLoss;
  const apart = isOwn || !all ? [] : [all];
  const read = isTarget ? params.read : [];
  const slopes = isTarget ? gradient(target, [given, ...apart, ...read.map(([, param]) => param)]) : [];
  const [values, shown, number, ...rest] = evaluate([value, readout ?? value, target, ...slopes]);
  const tensors = [values, shown, number, ...rest] as readonly Tensor[];
  for (const { data } of tensors) checkTarget(badOf(data));
  const direct = rest.slice(1 + apart.length);
  return {
    values: Float64Array.from((values as Tensor).data),
    readout: readout && sizeOf(readout.shape) === 1 ? shown?.data[0] : undefined,
    loss: isLoss ? number?.data[0] : undefined,
    slopes: (rest[0]?.data as Float64Array | undefined) ?? new Float64Array(sizeOf(given.shape)),
    predictionSlopes: apart.length > 0 ? (rest[1]?.data as Float64Array) : undefined,
    direct: Object.fromEntries(read.map(([name], at) => [name, direct[at] as Tensor])),
  };
}

/** A loss on the predictions of many compounds, with its slope in each, and in each parameter that it reads itself. */
export function batchLossOf(
  params: Params,
  predictions: Tensor,
  record: (predictions: Value, params: Record<string, Value>) => Value,
): { readonly loss: number; readonly slopes: Float64Array; readonly direct: Tensors } {
  const tape = new Tape();
  const given = tape.parameter(predictions, 'predictions');
  const lazy = new LazyParams(tape, params);
  const loss = singleNumber(record(given, lazy.values), tape, 'batchLoss');
  const tensors = evaluate([loss, ...gradient(loss, [given, ...lazy.read.map(([, value]) => value)])]);
  const bad = tensors.map(({ data }) => badOf(data)).find(found => found !== 0);
  if (bad !== undefined) throw new RangeError(`combineBatch: batchLoss, or its slope, is ${bad}`);
  const [number, slopes, ...direct] = tensors as [Tensor, Tensor, ...Tensor[]];
  return {
    loss: number.data[0] as number,
    slopes: slopes.data as Float64Array,
    direct: Object.fromEntries(lazy.read.map(([name], at) => [name, direct[at] as Tensor])),
  };
}

/** ∂ΔG in each number of the summary; nothing where ΔG is several numbers. */
export function valueSlopesOf<Pose>(
  { combination, params }: Closing<Pose>,
  accumulator: Accumulator,
): Float64Array | undefined {
  const { pool, summary } = combination as Combination;
  if (!pool) return Float64Array.of(1);
  const tape = new Tape();
  const given = tape.parameter(tensor(summary(accumulator.moments)), 'averages');
  const value = recordSummary(
    combination as Combination,
    new LazyParams(tape, params).values,
    accumulator,
    given,
  );
  return sizeOf(value.shape) === 1 ? slopesOf(value, given) : undefined;
}

/** ∂ΔG/∂ΔG_n of a combination in ops. */
export function ownSlopesOf<Pose>({ combination, params }: Task<Pose>, predictions: Tensor): Float64Array {
  const tape = new Tape();
  const given = tape.parameter(predictions, 'predictions');
  return slopesOf(recordOwn(combination as InOps, new LazyParams(tape, params).values, given), given);
}

function slopesOf(value: Value, given: Value): Float64Array {
  return evaluate(gradient(value, [given]))[0].data as Float64Array;
}

/** A pose's own loss: l_n, its slope in each number of the score, and what it has of a gradient by itself. */
export interface PoseLoss {
  readonly poseLoss: number;
  readonly slopes: ArrayLike<number>;
  /** ∂l_n/∂θ at fixed score, of the parameters that it reads. */
  readonly direct: Tensors;
}

export function poseLossOf<Pose>(task: Task<Pose>, scores: ArrayLike<number>, each: Indexed<Pose>): PoseLoss {
  const tape = new Tape();
  const shape = scores.length === 1 ? [] : [scores.length];
  const prediction = tape.parameter(tensor(Float64Array.from(scores), shape), `ΔG of pose ${each.index}`);
  const params = new LazyParams(tape, task.params);
  const loss = recordPoseLoss(task, params.values, prediction, each);
  const slopes = gradient(loss, [prediction, ...params.read.map(([, slope]) => slope)]);
  const [number, slope, ...direct] = evaluate([loss, ...slopes]) as [Tensor, Tensor, ...Tensor[]];
  const bad = [number, slope, ...direct].map(({ data }) => badOf(data)).find(found => found !== 0);
  if (bad !== undefined)
    throw new RangeError(`pose ${each.index}: its poseLoss, or the slope of it, is ${bad}`);
  return {
    poseLoss: number.data[0] as number,
    slopes: slope.data,
    direct: Object.fromEntries(params.read.map(([name], k) => [name, direct[k] as Tensor])),
  };
}

/** One of them that is not finite, or 0: of many numbers, which a call does not take as arguments. */
function badOf(numbers: TensorData): number {
  return numbers.find(number => !Number.isFinite(number)) ?? 0;
}

/** @throws RangeError where finite predictions give a combination, readout or loss that is not finite */
export function checkTarget(...numbers: number[]): void {
  const bad = numbers.find(number => !Number.isFinite(number));
  if (bad !== undefined) {
    throw new RangeError(
      `combinePoses: the combination, readout or loss, or its slope, is ${bad}, though every prediction is finite`,
    );
  }
}
