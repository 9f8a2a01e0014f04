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
import { withParams } from './missing-params.ts';
import type { Indexed, Params, Tensors } from './params.ts';
import { recordPooled, recordValue } from './pooled-pose.ts';
import { realValue, singleNumber } from './results.ts';
import type { Closing, LossContext, ObjectiveNumbers, PoseContext, Task } from './task.ts';

/*
 * The objective: combination, readout and losses of the predictions. `stream` and `recompute` record it on small separate
 * tapes, in float64 even if the scorer runs in float32. `full-graph` records it on its one tape.
 */

/** The readout, and the number that is differentiated. */
interface Objective {
  readonly readout: Value | undefined;
  /** The loss plus Σ poseLoss if either was given, else the readout, else ΔG. */
  readonly target: Value;
  /** True if the target is a loss. */
  readonly isLoss: boolean;
}

/**
 * Records the objective of the predictions of these poses.
 *
 * @param predictions shape [poses] or [poses, K]
 * @param scores returns the predictions of single poses
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
      ? recordInOps(combination, params, predictions)
      : combination.combine
        ? combination.combine(predictions, weights)
        : recordPooled(combination, params, scores(), poses, weights);
  const withoutPoseLosses = recordLoss(task, params, value, () => predictions);
  const poseLosses = task.poseLoss
    ? scores().map((score, n) => recordPoseLoss(task, params, score, poses[n] as Indexed<Pose>))
    : [];
  if (poseLosses.length === 0) return { value, ...withoutPoseLosses };
  const total = sum(concat(poseLosses.map(loss => reshaped(loss, [1]))));
  return {
    value,
    readout: withoutPoseLosses.readout,
    target: withoutPoseLosses.isLoss ? add(withoutPoseLosses.target, total) : total,
    isLoss: true,
  };
}

type InOps = Extract<Task['combination'], (...args: never[]) => unknown>;

function recordInOps(combination: InOps, params: Record<string, Value>, predictions: Value): Value {
  const value = withParams('combination', params, params => combination(predictions, { params }));
  return singleNumber(value, predictions.tape, 'combination');
}

/** Records readout and loss of ΔG. */
function recordLoss<Pose>(
  { readout, loss, poseLoss, combination }: Closing<Pose>,
  params: Record<string, Value>,
  value: Value,
  predictions: () => Value,
): Objective {
  const { tape } = value;
  const readoutValue =
    readout &&
    checkReadout(
      value,
      withParams('readout', params, params => readout(value, { params })),
      'readout',
    );
  const x = readoutValue ?? value;
  if (loss) {
    const result = withParams('loss', params, params => {
      const context: LossContext = {
        params,
        get predictions() {
          return predictions();
        },
      };
      return loss(x, context);
    });
    return { readout: readoutValue, target: singleNumber(result, tape, 'loss'), isLoss: true };
  }
  if (sizeOf(x.shape) === 1) return { readout: readoutValue, target: reshaped(x, []), isLoss: false };
  if (poseLoss) return { readout: readoutValue, target: tape.constant(0), isLoss: false };
  const who = readoutValue ? 'readout' : (combination as Combination).kind;
  throw new RangeError(
    `combinePoses: ${who} gives shape ${showShape(x.shape)}; add a loss or a readout that returns a single number`,
  );
}

/** Checks the result of a readout: it must be a single number if its argument is one. */
function checkReadout({ tape, shape }: Value, result: unknown, who: string): Value {
  return sizeOf(shape) === 1 ? singleNumber(result, tape, who) : realValue(result, tape, who);
}

/** Records the loss L_n of a pose. */
export function recordPoseLoss<Pose>(
  { poseReadout, poseLoss }: Task<Pose>,
  params: Record<string, Value>,
  prediction: Value,
  { pose, index }: Indexed<Pose>,
): Value {
  const { tape } = prediction;
  const call = <Result>(who: string, record: (context: PoseContext<Pose>) => Result) =>
    withParams(who, params, params => record({ pose, index, params }));
  const x = poseReadout
    ? checkReadout(
        prediction,
        call('poseReadout', context => poseReadout(prediction, context)),
        'poseReadout',
      )
    : prediction;
  return singleNumber(
    call('poseLoss', context => poseLoss?.(x, context)),
    tape,
    'poseLoss',
  );
}

/** Rejects a loss that reads the predictions under `stream`. */
function throwNotKept(): never {
  throw new TypeError(
    'combinePoses: the loss reads all predictions, which stream does not keep; use the strategy recompute',
  );
}

/** Records readout and loss on a tape that is dropped, so that their errors appear before any pose is scored. */
export function checkLoss<Pose>(task: Task<Pose>): void {
  // The shape of ΔG is not yet known for a pooling or a combination in ops.
  if (typeof task.combination === 'function' || task.combination.pool) return;
  const tape = new Tape();
  recordLoss(task, new LazyParams(tape, task.params).values, tape.parameter(tensor(0), 'ΔG'), throwNotKept);
}

/** The numbers of an objective, and its slopes. If only poseLosses are differentiated, the slopes are 0 or absent. */
export interface ObjectiveResult extends ObjectiveNumbers {
  /** Slopes in the numbers that ΔG is computed from: the summary of the sums, or the predictions. */
  readonly slopes: Float64Array;
  /** Slopes in the predictions at fixed ΔG, if the loss reads them. */
  readonly predictionSlopes: Float64Array | undefined;
  /** Slopes in the parameters that combination, readout or loss read, at fixed summary and predictions. */
  readonly direct: Tensors;
}

/**
 * Computes the objective from sums over the poses.
 *
 * @param predictions returns all predictions; absent if they are not kept
 */
export function objectiveOf<Pose>(
  task: Closing<Pose>,
  accumulator: Accumulator,
  predictions?: () => Tensor,
): ObjectiveResult {
  const combination = task.combination as Combination;
  const summary = combination.summary(accumulator.moments);
  const tape = new Tape();
  return evaluateObjective(
    task,
    tape,
    new LazyParams(tape, task.params),
    tape.parameter(tensor(summary), 'averages'),
    predictions,
    (averages, { values }) => recordSummary(combination, values, accumulator, averages),
  );
}

/** Computes the objective of a combination in ops from all predictions. */
export function objectiveInOps<Pose>(task: Task<Pose>, predictions: Tensor): ObjectiveResult {
  const tape = new Tape();
  const input = tape.parameter(predictions, 'predictions');
  return evaluateObjective(
    task,
    tape,
    new LazyParams(tape, task.params),
    input,
    undefined,
    (all, { values }) => recordInOps(task.combination as InOps, values, all),
  );
}

/** Records ΔG from the numbers of a summary. */
function recordSummary(
  combination: Combination,
  params: Record<string, Value>,
  { moments }: Accumulator,
  summary: Value,
): Value {
  if (!combination.pool) return reshaped(summary, []);
  const J = moments.M.length;
  const logSum = reshaped(slice(summary, J, J + 1), []);
  // This value has the slope of log Z, but is more accurate than log Z − ln N.
  const logMean = add(sub(logSum, stopGradient(logSum)), moments.r + logMeanOf(moments));
  const mean = J > 0 ? { mean: slice(summary, 0, J) } : {};
  return recordValue(combination, params, { ...mean, logSum, logMean, count: moments.N });
}

/** Records ΔG from `input` by `record`, then readout and loss, and evaluates them with their slopes. */
function evaluateObjective<Pose>(
  task: Closing<Pose>,
  tape: Tape,
  params: LazyParams,
  input: Value,
  predictions: (() => Tensor) | undefined,
  record: (input: Value, params: LazyParams) => Value,
): ObjectiveResult {
  const isInOps = typeof task.combination === 'function';
  let allPredictions = isInOps ? input : undefined;
  const value = record(input, params);
  const { readout, target, isLoss } = recordLoss(task, params.values, value, () => {
    allPredictions ??= predictions ? tape.parameter(predictions(), 'predictions') : throwNotKept();
    return allPredictions;
  });
  // Without a loss, only the poseLosses are differentiated, if there are any.
  const differentiates = isLoss || !task.poseLoss;
  const separate = isInOps || !allPredictions ? [] : [allPredictions];
  const read = differentiates ? params.read : [];
  const slopes = differentiates
    ? gradient(target, [input, ...separate, ...read.map(([, param]) => param)])
    : [];
  const [values, readoutNumbers, targetNumber, ...slopeTensors] = evaluate([
    value,
    readout ?? value,
    target,
    ...slopes,
  ]);
  const tensors = [values, readoutNumbers, targetNumber, ...slopeTensors] as readonly Tensor[];
  for (const { data } of tensors) checkObjective(badOf(data));
  const direct = slopeTensors.slice(1 + separate.length);
  return {
    values: Float64Array.from((values as Tensor).data),
    readout: readout && sizeOf(readout.shape) === 1 ? readoutNumbers?.data[0] : undefined,
    loss: isLoss ? targetNumber?.data[0] : undefined,
    slopes: (slopeTensors[0]?.data as Float64Array | undefined) ?? new Float64Array(sizeOf(input.shape)),
    predictionSlopes: separate.length > 0 ? (slopeTensors[1]?.data as Float64Array) : undefined,
    direct: Object.fromEntries(read.map(([name], at) => [name, direct[at] as Tensor])),
  };
}

/** Computes a `batchLoss`, with its slopes in the predictions of the compounds and in the parameters that it reads. */
export function batchLossOf(
  params: Params,
  predictions: Tensor,
  record: (predictions: Value, params: Record<string, Value>) => Value,
): { readonly loss: number; readonly slopes: Float64Array; readonly direct: Tensors } {
  const tape = new Tape();
  const input = tape.parameter(predictions, 'predictions');
  const lazy = new LazyParams(tape, params);
  const result = withParams('batchLoss', lazy.values, params => record(input, params));
  const loss = singleNumber(result, tape, 'batchLoss');
  const tensors = evaluate([loss, ...gradient(loss, [input, ...lazy.read.map(([, value]) => value)])]);
  const bad = tensors.map(({ data }) => badOf(data)).find(number => number !== 0);
  if (bad !== undefined) throw new RangeError(`combineBatch: batchLoss or its slope is ${bad}`);
  const [number, slopes, ...direct] = tensors as [Tensor, Tensor, ...Tensor[]];
  return {
    loss: number.data[0] as number,
    slopes: slopes.data as Float64Array,
    direct: Object.fromEntries(lazy.read.map(([name], at) => [name, direct[at] as Tensor])),
  };
}

/** Returns the slopes of ΔG in the numbers of the summary; undefined if ΔG is several numbers. */
export function summarySlopesOf<Pose>(
  { combination, params }: Closing<Pose>,
  accumulator: Accumulator,
): Float64Array | undefined {
  const { pool, summary } = combination as Combination;
  if (!pool) return Float64Array.of(1);
  const tape = new Tape();
  const averages = tape.parameter(tensor(summary(accumulator.moments)), 'averages');
  const value = recordSummary(
    combination as Combination,
    new LazyParams(tape, params).values,
    accumulator,
    averages,
  );
  return sizeOf(value.shape) === 1 ? slopesOf(value, averages) : undefined;
}

/** Returns the coefficients c_n = ∂ΔG/∂ΔG_n of a combination in ops. */
export function slopesInOps<Pose>({ combination, params }: Task<Pose>, predictions: Tensor): Float64Array {
  const tape = new Tape();
  const input = tape.parameter(predictions, 'predictions');
  return slopesOf(recordInOps(combination as InOps, new LazyParams(tape, params).values, input), input);
}

function slopesOf(value: Value, input: Value): Float64Array {
  return evaluate(gradient(value, [input]))[0].data as Float64Array;
}

/** The loss of a pose, with its slopes. */
export interface PoseLoss {
  /** L_n. */
  readonly poseLoss: number;
  /** Slopes L′_n of L_n in the K numbers of the score. */
  readonly slopes: ArrayLike<number>;
  /** Gradient of L_n at fixed score, for the parameters that the loss reads itself. */
  readonly direct: Tensors;
}

/** Computes the loss of a pose. @throws RangeError naming the pose if the loss or a slope is not finite */
export function poseLossOf<Pose>(task: Task<Pose>, scores: ArrayLike<number>, pose: Indexed<Pose>): PoseLoss {
  const tape = new Tape();
  const shape = scores.length === 1 ? [] : [scores.length];
  const prediction = tape.parameter(tensor(Float64Array.from(scores), shape), `ΔG of pose ${pose.index}`);
  const params = new LazyParams(tape, task.params);
  const loss = recordPoseLoss(task, params.values, prediction, pose);
  const slopes = gradient(loss, [prediction, ...params.read.map(([, param]) => param)]);
  const [number, slope, ...direct] = evaluate([loss, ...slopes]) as [Tensor, Tensor, ...Tensor[]];
  const bad = [number, slope, ...direct].map(({ data }) => badOf(data)).find(number => number !== 0);
  if (bad !== undefined) throw new RangeError(`pose ${pose.index}: poseLoss or its slope is ${bad}`);
  return {
    poseLoss: number.data[0] as number,
    slopes: slope.data,
    direct: Object.fromEntries(params.read.map(([name], k) => [name, direct[k] as Tensor])),
  };
}

/** Returns the first number that is not finite, or 0 if all are finite. */
function badOf(numbers: TensorData): number {
  return numbers.find(number => !Number.isFinite(number)) ?? 0;
}

/**
 * Checks numbers computed from finite predictions: ΔG, the readout, the loss, or their slopes.
 *
 * @throws RangeError for a number that is not finite
 */
export function checkObjective(...numbers: number[]): void {
  const bad = numbers.find(number => !Number.isFinite(number));
  if (bad !== undefined) {
    throw new RangeError(
      `combinePoses: the combination, readout or loss, or one of their slopes, is ${bad}, though every prediction is finite`,
    );
  }
}
