import { evaluate } from '../engine/evaluate.ts';
import { gradient } from '../engine/gradient.ts';
import { Tape, type Value } from '../engine/tape.ts';
import { type Tensor, type TensorData, tensor } from '../engine/tensor.ts';
import { add } from '../ops/arithmetic/add.ts';
import { sum } from '../ops/reduce/sum.ts';
import { concat } from '../ops/shape/concat.ts';
import { reshape } from '../ops/shape/reshape.ts';
import { slice } from '../ops/shape/slice.ts';
import type { PoseLossTerm, Tensors } from './accumulator.ts';
import { singleNumber } from './pose-tape.ts';
import type { LossContext, Params, Task } from './task.ts';

/*
 * From predictions to what is differentiated: the combination, the readout, the losses. Under `stream` and `recompute`
 * they run on small tapes of their own, in float64 whatever precision the scorer computes in; `full-graph` records them
 * onto its one tape.
 */

/** ΔG, what is reported of it, and what the gradient is of. */
interface Objective {
  readonly value: Value;
  readonly readout: Value | undefined;
  /** loss + Σ poseLoss if there are any, else the readout, else ΔG. */
  readonly target: Value;
  readonly isLoss: boolean;
}

/** Numbers of an {@link Objective}, and its slope. */
export interface ObjectiveResult {
  readonly value: number;
  readonly readout: number | undefined;
  readonly loss: number | undefined;
  /** The slope in each parameter that the readout or a loss reads, at fixed predictions. */
  readonly direct: Tensors;
}

/** θ on a small tape: each parameter is recorded when it is first read, so that none costs anything unread. */
class LazyParams {
  readonly #read = new Map<string, Value>();
  readonly values: Record<string, Value>;

  constructor(tape: Tape, params: Params) {
    const get = (_: object, name: string | symbol) => {
      if (typeof name === 'symbol' || !Object.hasOwn(params, name)) return undefined;
      const value = this.#read.get(name) ?? tape.parameter(params[name] as Tensor, name);
      this.#read.set(name, value);
      return value;
    };
    this.values = new Proxy({ ...params }, { get }) as unknown as Record<string, Value>;
  }

  /** Those that were read, by name. */
  get read(): readonly (readonly [name: string, value: Value])[] {
    return [...this.#read];
  }
}

/** A pose and its place among all. */
export interface Indexed<Pose> {
  readonly pose: Pose;
  readonly index: number;
}

/** Records the whole objective of the vector of predictions, which are of these poses. */
export function recordObjective<Pose>(
  task: Task<Pose>,
  params: Record<string, Value>,
  predictions: Value,
  poses: readonly Indexed<Pose>[],
): Objective {
  const { value, ...combined } = recordCombination(task, params, predictions);
  const poseLosses = task.poseLoss
    ? poses.map((each, n) => recordPoseLoss(task, params, reshape(slice(predictions, n, n + 1), []), each))
    : [];
  const [first] = poseLosses;
  if (!first) return { value, ...combined };
  const total = sum(concat(poseLosses.map(each => reshape(each, [1]))));
  return {
    value,
    readout: combined.readout,
    target: combined.isLoss ? add(combined.target, total) : total,
    isLoss: true,
  };
}

/** Records the objective but for the poseLosses. */
function recordCombination<Pose>(
  task: Task<Pose>,
  params: Record<string, Value>,
  predictions: Value,
): Objective {
  const value = recordCombined(task.combination, params, predictions);
  return { value, ...recordLoss(task, params, value, predictions) };
}

function recordCombined(
  combination: Task['combination'],
  params: Record<string, Value>,
  predictions: Value,
): Value {
  const value =
    typeof combination === 'function'
      ? combination(predictions, { params })
      : combination.combine(predictions);
  return singleNumber(value, predictions.tape, 'combination');
}

function recordLoss<Pose>(
  { readout, loss }: Task<Pose>,
  params: Record<string, Value>,
  value: Value,
  predictions: Value | undefined,
): { readout: Value | undefined; target: Value; isLoss: boolean } {
  const read = readout && singleNumber(readout(value, { params }), value.tape, 'readout');
  if (!loss) return { readout: read, target: read ?? value, isLoss: false };
  const target = singleNumber(loss(read ?? value, lossContext(params, predictions)), value.tape, 'loss');
  return { readout: read, target, isLoss: true };
}

function lossContext(params: Record<string, Value>, predictions: Value | undefined): LossContext {
  return {
    params,
    get predictions() {
      if (predictions) return predictions;
      throw new TypeError(
        'combinePoses: the loss reads all predictions, which stream does not keep; use the strategy recompute',
      );
    },
  };
}

function recordPoseLoss<Pose>(
  { poseReadout, poseLoss }: Task<Pose>,
  params: Record<string, Value>,
  prediction: Value,
  { pose, index }: Indexed<Pose>,
): Value {
  const context = { pose, index, params };
  const read = poseReadout
    ? singleNumber(poseReadout(prediction, context), prediction.tape, 'poseReadout')
    : prediction;
  return singleNumber(poseLoss?.(read, context), prediction.tape, 'poseLoss');
}

/** Records readout and loss on a tape that is thrown away, so that what is wrong with them shows before the poses. */
export function checkLoss<Pose>(task: Task<Pose>): void {
  const tape = new Tape();
  recordLoss(task, new LazyParams(tape, task.params).values, tape.parameter(tensor(0), 'ΔG'), undefined);
}

/**
 * Readout and loss of a ΔG known as a number, and the slope in ΔG of what is differentiated (0 where that is the
 * poseLosses alone).
 */
export function lossOf<Pose>(task: Task<Pose>, value: number): ObjectiveResult & { slope: number } {
  const tape = new Tape();
  const prediction = tape.parameter(tensor(value), 'ΔG');
  const params = new LazyParams(tape, task.params);
  const { readout, target, isLoss } = recordLoss(task, params.values, prediction, undefined);
  const { numbers, slopes, direct } = evaluated([readout ?? prediction, target], target, prediction, params);
  const [read, number] = numbers as [number, number];
  const slope = slopes[0] as number;
  checkTarget(value, read, number, slope);
  const isTarget = isLoss || !task.poseLoss;
  return {
    value,
    readout: readout && read,
    loss: isLoss ? number : undefined,
    slope: isTarget ? slope : 0,
    direct: isTarget ? direct : {},
  };
}

/** Numbers of `wanted`, and the gradient of `target` with respect to the predictions and each parameter that was read. */
function evaluated(
  wanted: readonly Value[],
  target: Value,
  predictions: Value,
  { read }: LazyParams,
): { numbers: number[]; slopes: Float64Array; direct: Tensors } {
  const slopes = gradient(target, [predictions, ...read.map(([, value]) => value)]);
  const tensors = evaluate([...wanted, ...slopes]);
  const [rise, ...rest] = tensors.slice(wanted.length) as [Tensor, ...Tensor[]];
  const direct = Object.fromEntries(read.map(([name], k) => [name, rest[k] as Tensor]));
  for (const { data } of rest) checkTarget(badOf(data as Float64Array));
  const numbers = tensors.slice(0, wanted.length).map(({ data }) => data[0] as number);
  return { numbers, slopes: rise.data as Float64Array, direct };
}

/** A pose's own loss; zeros where there is no poseLoss. */
export function poseLossOf<Pose>(
  task: Task<Pose>,
  value: number,
  each: Indexed<Pose>,
): Required<PoseLossTerm> {
  if (!task.poseLoss) return { poseLoss: 0, poseLossGradient: 0, poseLossDirect: {} };
  const tape = new Tape();
  const prediction = tape.parameter(tensor(value), `ΔG of pose ${each.index}`);
  const params = new LazyParams(tape, task.params);
  const loss = recordPoseLoss(task, params.values, prediction, each);
  const slopes = gradient(loss, [prediction, ...params.read.map(([, slope]) => slope)]);
  const [number, slope, ...direct] = evaluate([loss, ...slopes]) as [Tensor, Tensor, ...Tensor[]];
  const bad = [number, slope, ...direct].map(({ data }) => badOf(data)).find(found => found !== 0);
  if (bad !== undefined)
    throw new RangeError(`pose ${each.index}: its poseLoss, or the slope of it, is ${bad}`);
  return {
    poseLoss: number.data[0] as number,
    poseLossGradient: slope.data[0] as number,
    poseLossDirect: Object.fromEntries(params.read.map(([name], k) => [name, direct[k] as Tensor])),
  };
}

/**
 * The objective of predictions known as numbers, with the poseLosses that they have, and its slope in each: the whole
 * coefficients L′c_n + l′_n.
 */
export function objectiveOf<Pose>(
  task: Task<Pose>,
  numbers: Float64Array,
  poseLosses: readonly PoseLossTerm[],
): ObjectiveResult & { slopes: Float64Array } {
  const tape = new Tape();
  const predictions = tape.parameter(tensor(numbers), 'predictions');
  const params = new LazyParams(tape, task.params);
  const { value, readout, target, isLoss } = recordCombination(task, params.values, predictions);
  const { numbers: found, ...rise } = evaluated(
    [value, readout ?? value, target],
    target,
    predictions,
    params,
  );
  const [delta, read, number] = found as [number, number, number];
  checkTarget(delta, read, number, badOf(rise.slopes));
  const result = { value: delta, readout: readout && read };
  let loss = isLoss ? number : undefined;
  if (!task.poseLoss) return { ...result, loss, ...rise };

  const { slopes, direct } = isLoss ? rise : { slopes: rise.slopes.fill(0), direct: {} };
  loss ??= 0;
  for (const [n, { poseLoss = 0, poseLossGradient = 0 }] of poseLosses.entries()) {
    loss += poseLoss;
    (slopes[n] as number) += poseLossGradient;
  }
  checkTarget(loss, badOf(slopes));
  return { ...result, loss, slopes, direct };
}

/** One of them that is not finite, or 0: of many numbers, which a call does not take as arguments. */
function badOf(numbers: TensorData): number {
  return numbers.find(number => !Number.isFinite(number)) ?? 0;
}

/** ∂ΔG/∂ΔG_n of a combination in ops. */
export function coefficientsOf<Pose>(
  { combination, params }: Task<Pose>,
  numbers: Float64Array,
): Float64Array {
  const tape = new Tape();
  const predictions = tape.parameter(tensor(numbers), 'predictions');
  const { values } = new LazyParams(tape, params);
  const [slopes] = gradient(recordCombined(combination, values, predictions), [predictions]);
  return evaluate([slopes])[0].data as Float64Array;
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
