import { evaluate } from '../engine/evaluate.ts';
import { gradient } from '../engine/gradient.ts';
import { Tape, type Value } from '../engine/tape.ts';
import { tensor } from '../engine/tensor.ts';
import { add } from '../ops/arithmetic/add.ts';
import { sum } from '../ops/reduce/sum.ts';
import { concat } from '../ops/shape/concat.ts';
import { reshape } from '../ops/shape/reshape.ts';
import { slice } from '../ops/shape/slice.ts';
import { singleNumber } from './pose-tape.ts';
import type { Task } from './task.ts';

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
}

/**
 * Records the whole objective of the vector of predictions; `indices` are the poses they are of.
 */
export function recordObjective<Pose>(
  task: Task<Pose>,
  predictions: Value,
  indices: ArrayLike<number>,
): Objective {
  const { value, ...combined } = recordCombination(task, predictions);
  const poseLosses = task.poseLoss
    ? Array.from(indices, (index, n) =>
        recordPoseLoss(task, reshape(slice(predictions, n, n + 1), []), index),
      )
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
function recordCombination<Pose>(task: Task<Pose>, predictions: Value): Objective {
  const combine = typeof task.combination === 'function' ? task.combination : task.combination.combine;
  const value = singleNumber(combine(predictions), predictions.tape, 'combination');
  return { value, ...recordLoss(task, value, predictions) };
}

/** What a loss gets for all predictions where it was not seen that it reads them. */
const absent = new Proxy({} as Value, {
  get: reads,
  has: reads,
});

function reads(): never {
  throw new TypeError(
    'combinePoses: the loss reads all predictions, which are not there under stream; give strategy: "recompute", or write both its arguments without defaults',
  );
}

function recordLoss<Pose>(
  { readout, loss }: Task<Pose>,
  value: Value,
  predictions: Value | undefined,
): { readout: Value | undefined; target: Value; isLoss: boolean } {
  const read = readout && singleNumber(readout(value), value.tape, 'readout');
  if (!loss) return { readout: read, target: read ?? value, isLoss: false };
  const target = singleNumber(loss(read ?? value, predictions ?? absent), value.tape, 'loss');
  return { readout: read, target, isLoss: true };
}

function recordPoseLoss<Pose>(
  { poseReadout, poseLoss }: Task<Pose>,
  prediction: Value,
  index: number,
): Value {
  const read = poseReadout
    ? singleNumber(poseReadout(prediction), prediction.tape, 'poseReadout')
    : prediction;
  return singleNumber(poseLoss?.(read, index), prediction.tape, 'poseLoss');
}

/**
 * Readout and loss of a ΔG known as a number, and the slope in ΔG of what is differentiated (0 where that is the
 * poseLosses alone).
 */
export function lossOf<Pose>(task: Task<Pose>, value: number): ObjectiveResult & { slope: number } {
  const tape = new Tape();
  const prediction = tape.parameter(tensor(value), 'ΔG');
  const { readout, target, isLoss } = recordLoss(task, prediction, undefined);
  const [slope] = gradient(target, [prediction]);
  const [read, number, rise] = evaluate([readout ?? prediction, target, slope]).map(
    ({ data }) => data[0] as number,
  );
  checkTarget(value, read as number, number as number, rise as number);
  const isTarget = isLoss || !task.poseLoss;
  return {
    value,
    readout: readout && read,
    loss: isLoss ? number : undefined,
    slope: isTarget ? (rise as number) : 0,
  };
}

/** l_n and l′_n of one pose; zeros where there is no poseLoss. */
export function poseLossOf<Pose>(
  task: Task<Pose>,
  value: number,
  index: number,
): { poseLoss: number; poseLossGradient: number } {
  if (!task.poseLoss) return { poseLoss: 0, poseLossGradient: 0 };
  const tape = new Tape();
  const prediction = tape.parameter(tensor(value), `ΔG of pose ${index}`);
  const loss = recordPoseLoss(task, prediction, index);
  const [poseLoss, slope] = evaluate([loss, ...gradient(loss, [prediction])]);
  const term = { poseLoss: poseLoss.data[0] as number, poseLossGradient: slope.data[0] as number };
  const bad = Object.values(term).find(number => !Number.isFinite(number));
  if (bad !== undefined) throw new RangeError(`pose ${index}: its poseLoss, or the slope of it, is ${bad}`);
  return term;
}

/**
 * The objective of predictions known as numbers, and its slope in each: the whole coefficients L′c_n + l′_n. Each
 * poseLoss has a tape of its own, as there may be many.
 */
export function objectiveOf<Pose>(
  task: Task<Pose>,
  numbers: Float64Array,
  indices: readonly number[],
): ObjectiveResult & { slopes: Float64Array } {
  const tape = new Tape();
  const predictions = tape.parameter(tensor(numbers), 'predictions');
  const { value, readout, target, isLoss } = recordCombination(task, predictions);
  const [slopes] = gradient(target, [predictions]);
  const [delta, read, number, rise] = evaluate([value, readout ?? value, target, slopes]);
  const all = rise.data as Float64Array;
  checkTarget(delta.data[0] as number, read.data[0] as number, number.data[0] as number, badOf(all));
  const result = { value: delta.data[0] as number, readout: readout && (read.data[0] as number) };
  let loss = isLoss ? (number.data[0] as number) : undefined;
  if (!task.poseLoss) return { ...result, loss, slopes: all };

  if (!isLoss) all.fill(0);
  loss ??= 0;
  for (const [n, index] of indices.entries()) {
    const term = poseLossOf(task, numbers[n] as number, index);
    loss += term.poseLoss;
    (all[n] as number) += term.poseLossGradient;
  }
  checkTarget(loss, badOf(all));
  return { ...result, loss, slopes: all };
}

/** One of them that is not finite, or 0: of many numbers, which a call does not take as arguments. */
function badOf(numbers: Float64Array): number {
  return numbers.find(number => !Number.isFinite(number)) ?? 0;
}

/** ∂ΔG/∂ΔG_n of a combination in ops. */
export function coefficientsOf(combine: (predictions: Value) => Value, numbers: Float64Array): Float64Array {
  const tape = new Tape();
  const predictions = tape.parameter(tensor(numbers), 'predictions');
  const [slopes] = gradient(singleNumber(combine(predictions), tape, 'combination'), [predictions]);
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
