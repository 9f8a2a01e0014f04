import { tensor } from '../engine/tensor.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sum } from '../ops/reduce/sum.ts';
import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import type { Factors } from './fold.ts';
import { addTo, type Gradients, zerosOf } from './gradients.ts';
import { Ledger } from './ledger.ts';
import {
  checkObjective,
  type ObjectiveResult,
  objectiveInOps,
  objectiveOf,
  poseLossOf,
} from './objective.ts';
import type { Indexed, Tensors, Weighted } from './params.ts';
import { checkAnyPoses, groups, report, runTogether, weighted } from './passes.ts';
import { pooledPose } from './pooled-pose.ts';
import { eachNumber, runPoses } from './pose-tape.ts';
import type { BackwardPlan, KeepDifferentiated, KeepPredicted, PlannedPose, PredictedRow } from './rows.ts';
import type { Outcome, Task } from './task.ts';
import { coefficientOf, weightOf } from './term.ts';

/**
 * Combines poses in two passes. The first predicts every pose. The coefficients are computed from all predictions, and the
 * second pass runs forward and backward for poses with a nonzero coefficient. Memory is one tape and one gradient. Any
 * differentiable combination works.
 */
export async function recompute<Pose>(task: Task<Pose>): Promise<Outcome> {
  checkRepeatable(task.poses);
  const badPoses: BadPose[] = [];
  const predicted = await predict(task, badPoses);
  const { ledger } = predicted;
  for (let pass = 2; ; pass++) {
    checkAnyPoses(ledger.length, badPoses, predicted.weightless);
    const poses = ledger.combinedIndices.length;
    const { objective, ...plan } = planOf(task, predicted);
    const { values, readout, loss } = objective;
    const { accumulator } = plan;
    const outcome = { values, readout, loss, ledger, accumulator, badPoses, poses };
    if (!task.wantsGradient) return { ...outcome, gradient: {}, backwardSkipped: 0 };
    const differentiated = await differentiate(
      task,
      ledger,
      { ...plan, direct: objective.direct },
      badPoses,
      pass,
    );
    if (differentiated) return { ...outcome, ...differentiated };
    // Poses with bad gradients are left out now, so the coefficients of the others change.
  }
}

/** Result of the first pass. */
interface Predicted {
  readonly ledger: Ledger;
  /** For each pose, L_n and its slopes in each number of the score. */
  readonly poseLosses: readonly { readonly poseLoss: number; readonly slopes: ArrayLike<number> }[];
  /** Number of poses with pose weight 0. */
  readonly weightless: number;
  /** True if the poseLoss, or the log-weight or values of a pooling, read parameters. */
  readonly readsParams: boolean;
}

async function predict<Pose>(task: Task<Pose>, badPoses: BadPose[]): Promise<Predicted> {
  const ledger = new Ledger(typeof task.combination === 'function' ? undefined : task.combination);
  const poseLosses: { poseLoss: number; slopes: ArrayLike<number> }[] = [];
  let readsParams = false;
  const keep: KeepPredicted = (index, row) => {
    if (row) {
      ledger.push(row.scores, row.weight, row.pooled);
      if (row.poseLoss) poseLosses[index] = row.poseLoss;
      readsParams ||= row.readsParams;
    } else ledger.pushNone();
    return report(task, index, row ? (row.scores[0] as number) : Number.NaN, 1, 2);
  };
  const { pool } = task;
  const weightless = pool
    ? await (await import('./by-workers.ts')).forward(task, pool, badPoses, keep)
    : await forward(task, badPoses, keep);
  return { ledger, poseLosses, weightless, readsParams };
}

/** Predicts every pose. Returns the number of poses with pose weight 0. */
export async function forward<Pose>(
  task: Task<Pose>,
  badPoses: BadPose[],
  keep: KeepPredicted,
): Promise<number> {
  const combination = typeof task.combination === 'function' ? undefined : task.combination;
  let weightless = 0;
  for await (const group of groups(task)) {
    const withWeight = weighted(task, group);
    weightless += group.length - withWeight.length;
    const done: (Weighted<Pose> & Pick<PredictedRow, 'scores' | 'pooled'>)[] = [];
    await runTogether(task, withWeight, badPoses, async poses => {
      const { scores: all } = await runPoses(task, poses, {});
      const width = all.length / poses.length;
      const rows = poses.map((pose, n) => {
        const scores = Float64Array.from({ length: width }, (_, k) => all[n * width + k] as number);
        const pooled = combination?.pool && pooledPose(combination, task.params, scores, pose, pose.weight);
        return { ...pose, scores, pooled };
      });
      done.push(...rows);
    });
    let at = 0;
    for (const { index } of group) {
      const run = done[at]?.index === index ? done[at++] : undefined;
      if (!run) {
        await keep(index, undefined);
        continue;
      }
      const { scores, weight, pooled } = run;
      const loss = task.poseLoss && poseLossOf(task, scores, run);
      const readsParams = (pooled?.direct.length ?? 0) > 0 || Object.keys(loss?.direct ?? {}).length > 0;
      // Only the loss and its slopes are kept: `direct` has the size of θ.
      const poseLoss = loss && { poseLoss: loss.poseLoss, slopes: loss.slopes };
      await keep(index, { scores, weight, pooled, poseLoss, readsParams });
    }
  }
  return weightless;
}

/** Coefficients and sums that the second pass needs. */
interface Plan {
  /** L′c_n + L′_n for each number of each score; 0 for poses left out. */
  readonly coefficients: Float64Array;
  readonly accumulator: Accumulator | undefined;
  /** Factors of the sums over the poses; absent for a combination in ops. */
  readonly factors: Factors | undefined;
  readonly readsParams: boolean;
}

/** Computes the objective of all predictions, and from it every coefficient. */
function planOf<Pose>(
  task: Task<Pose>,
  { ledger, poseLosses, readsParams }: Predicted,
): Plan & { readonly objective: ObjectiveResult } {
  const { combination } = task;
  const { width, combinedIndices } = ledger;
  const coefficients = new Float64Array(ledger.length * width);
  let accumulator: Accumulator | undefined;
  let factors: Factors | undefined;
  let objective: ObjectiveResult;
  if (typeof combination === 'function') {
    objective = objectiveInOps(task, ledger.combinedScores);
    scatter(objective.slopes);
  } else {
    accumulator = ledger.accumulated(combination);
    objective = objectiveOf(task, accumulator, () => ledger.combinedScores);
    factors = combination.factors(accumulator.moments, objective.slopes);
    ledger.addCoefficients(coefficients, accumulator, factors, combination.sigma);
    if (objective.predictionSlopes) scatter(objective.predictionSlopes);
  }
  let loss = objective.loss ?? 0;
  if (task.poseLoss) {
    for (const index of combinedIndices) {
      const { poseLoss, slopes } = poseLosses[index] ?? noLoss;
      loss += poseLoss;
      for (let k = 0; k < width; k++) (coefficients[index * width + k] as number) += slopes[k] ?? 0;
    }
    objective = { ...objective, loss };
  }
  checkObjective(loss, coefficients.find(coefficient => !Number.isFinite(coefficient)) ?? 0);
  return { objective, coefficients, accumulator, factors, readsParams };

  /** Adds slopes, one for each number of `ledger.combinedScores`, to the coefficients of their poses. */
  function scatter(slopes: Float64Array): void {
    for (const [n, index] of combinedIndices.entries()) {
      for (let k = 0; k < width; k++)
        (coefficients[index * width + k] as number) += slopes[n * width + k] as number;
    }
  }
}

const noLoss: Predicted['poseLosses'][number] = { poseLoss: 0, slopes: [] };

/**
 * Runs the second or a later pass and returns Σ coefficient · g_n. If bad poses are skipped, a pass that meets
 * bad gradients still reads all poses, to find all the bad ones at once. It then drops these poses from the ledger and
 * returns undefined.
 */
async function differentiate<Pose>(
  task: Task<Pose>,
  ledger: Ledger,
  plan: Plan & { readonly direct: Tensors },
  badPoses: BadPose[],
  pass: number,
): Promise<Pick<Outcome, 'gradient' | 'backwardSkipped'> | undefined> {
  const { width } = ledger;
  const { coefficients, accumulator, factors, readsParams } = plan;
  // The sum is relative to the largest coefficient, since the plain sum might overflow.
  const largest = largestOf(coefficients);
  const total = coefficients.reduce((sum, coefficient) => sum + Math.abs(coefficient) / largest, 0);
  const backwardPlan: BackwardPlan = {
    length: ledger.length,
    largest,
    total,
    sums: accumulator && factors && { moments: accumulator.moments, factors },
    readsParams,
    poseOf: index =>
      ledger.has(index)
        ? {
            scores: ledger.scoresOf(index),
            weight: ledger.termOf(index).weight,
            // A copy is made, since sending a view to a worker would send the coefficients of all poses.
            coefficients: coefficients.slice(index * width, (index + 1) * width),
          }
        : undefined,
  };
  const badBefore = badPoses.length;
  const keep: KeepDifferentiated = (index, isBad) => {
    if (isBad) ledger.drop(index);
    return report(task, index, isBad ? Number.NaN : (ledger.scoresOf(index)[0] as number), pass, pass);
  };
  const { pool } = task;
  const gradient = zerosOf(task.params);
  addTo(gradient, 1, plan.direct);
  const { read, backwardSkipped } = pool
    ? await (await import('./by-workers.ts')).backward(task, pool, backwardPlan, gradient, badPoses, keep)
    : await backward(task, backwardPlan, gradient, badPoses, keep);
  if (read !== ledger.length) {
    const more = read > ledger.length ? 'more' : `only ${read}`;
    throw new Error(
      `combinePoses: recompute read ${ledger.length} poses in its first pass and ${more} in its ${pass === 2 ? 'second' : 'next'}; the poses must be the same each time they are iterated`,
    );
  }
  return badPoses.length > badBefore ? undefined : { gradient, backwardSkipped };
}

/** Adds coefficient · g_n of each pose to the gradient. */
export async function backward<Pose>(
  task: Task<Pose>,
  plan: BackwardPlan,
  gradient: Gradients,
  badPoses: BadPose[],
  keep: KeepDifferentiated,
): Promise<{ readonly read: number; readonly backwardSkipped: number }> {
  const stateBytes = Object.values(gradient).reduce((total, { data }) => total + data.byteLength, 0);
  let [read, backwardSkipped] = [0, 0];
  task.memory.take(stateBytes);
  try {
    for await (const group of groups(task)) {
      read += group.length;
      if (read > plan.length) break;
      const predicted = group.flatMap(pose => {
        const planned = plan.poseOf(pose.index);
        return planned ? [{ ...pose, planned }] : [];
      });
      if (plan.readsParams) for (const pose of predicted) addDirect(task, plan, pose, gradient);
      const influential = predicted.filter(({ planned }) => {
        let influence = 0;
        for (const coefficient of planned.coefficients) influence += Math.abs(coefficient) / plan.largest;
        return influence > 0 && influence >= task.tolerance * plan.total;
      });
      backwardSkipped += predicted.length - influential.length;
      const unfinished = new Set(influential.map(({ index }) => index));
      await runTogether(task, influential, badPoses, async poses => {
        const rows = poses.map(({ planned }) => planned.coefficients);
        const { factor, scores, slopes } = await runBackward(task, poses, rows);
        const width = scores.length / poses.length;
        for (const [n, { index, planned }] of poses.entries()) {
          for (let k = 0; k < width; k++) {
            const [first, second] = [planned.scores[k] as number, scores[n * width + k] as number];
            checkSame(index, first, second, task.executor.precision);
          }
        }
        addTo(gradient, factor, slopes);
        for (const { index } of poses) unfinished.delete(index);
      });
      // Poses whose run did not finish are bad.
      for (const { index } of predicted) await keep(index, unfinished.has(index));
    }
  } finally {
    task.memory.give(stateBytes);
  }
  return { backwardSkipped, read };
}

/** Runs poses and returns Σ coefficient · g_n as a product: `factor` times `slopes`. */
async function runBackward<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  rows: readonly Float64Array[],
): Promise<{ readonly factor: number; readonly scores: ArrayLike<number>; readonly slopes: Tensors }> {
  const all = Float64Array.from(rows.flatMap(row => [...row]));
  // A single number is multiplied by its coefficient later, so that all poses have the same tape.
  const isSingle = all.length === 1;
  const factor = isSingle ? (all[0] as number) : largestOf(all);
  const cotangents = all.map(coefficient => coefficient / factor);
  const { scores, gradients } = await runPoses(task, poses, {
    targets: isSingle
      ? eachNumber
      : scores => ({ targets: [sum(mul(scores, scores.tape.constant(tensor(cotangents, scores.shape))))] }),
  });
  return { factor, scores, slopes: gradients?.[0] ?? {} };
}

/** Adds the gradients for the parameters that the poseLoss, or the log-weight or values of a pooling, read themselves. */
function addDirect<Pose>(
  task: Task<Pose>,
  { sums }: BackwardPlan,
  pose: Indexed<Pose> & { readonly planned: PlannedPose },
  gradient: Gradients,
): void {
  const { scores, weight } = pose.planned;
  if (task.poseLoss) addTo(gradient, 1, poseLossOf(task, scores, pose).direct);
  const combination = task.combination as Combination;
  if (!combination.pool || !sums) return;
  const { moments, factors } = sums;
  const pooled = pooledPose(combination, task.params, scores, pose, weight);
  const e = weightOf(pooled, combination.sigma, moments.r);
  for (const part of pooled.direct)
    addTo(gradient, coefficientOf(pooled, part, e, moments, factors), part.gradient);
}

/** Returns the largest magnitude. */
function largestOf(numbers: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) largest = Math.max(largest, Math.abs(numbers[i] as number));
  return largest;
}

/**
 * Largest relative difference between two predictions of a pose. They may differ a little, since an executor may sum in another
 * order when it also computes a gradient.
 */
const sameWithin = { float64: 1e-9, float32: 1e-3 };

function checkSame(index: number, first: number, second: number, precision: keyof typeof sameWithin): void {
  if (Math.abs(first - second) <= sameWithin[precision] * Math.max(1, Math.abs(first))) return;
  throw new Error(
    `combinePoses: the prediction of pose ${index} was ${first} in the first pass of recompute and ${second} in the second; the poses and the scorer must be the same each time`,
  );
}

/** @throws TypeError for a generator or other iterator, which can be iterated only once */
function checkRepeatable(poses: Task['poses']): void {
  if (!('next' in poses)) return;
  throw new TypeError(
    'combinePoses: recompute reads the poses twice, but these can be iterated only once; give an array, or an object whose [Symbol.iterator] or [Symbol.asyncIterator] starts anew each time, or use the strategy stream',
  );
}
