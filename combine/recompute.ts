import type { PoseLossTerm, Tensors } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import { objectiveOf, poseLossOf } from './objective.ts';
import { checkAnyPoses, indexed, Numbers, report, unlessBad } from './passes.ts';
import { runPose } from './pose-tape.ts';
import type { Outcome, Task } from './task.ts';

/**
 * Two passes: forward for every pose, then the coefficient of each from all predictions at once, then backward for
 * those that have one. What is kept is one tape and one gradient; any differentiable combination will do.
 */
export async function recompute<Pose>(task: Task<Pose>): Promise<Outcome> {
  checkRepeatable(task.poses);
  const badPoses: BadPose[] = [];
  const { predictions, poseLosses } = await predict(task, badPoses);
  for (let pass = 2; ; pass++) {
    const kept = [...predictions.keys()].filter(index => !Number.isNaN(predictions[index]));
    checkAnyPoses(predictions.length, badPoses);
    const numbers = Float64Array.from(kept, index => predictions[index] as number);
    const own = kept.map(index => poseLosses[index] as PoseLossTerm);
    const { slopes, direct, ...objective } = objectiveOf(task, numbers, own);
    const outcome = { ...objective, predictions, badPoses, poses: kept.length };
    if (!task.wantsGradient) return { ...outcome, gradient: {}, backwardSkipped: 0 };

    const coefficients = new Float64Array(predictions.length);
    for (const [n, index] of kept.entries()) coefficients[index] = slopes[n] as number;
    const backward = await differentiate(task, predictions, coefficients, direct, badPoses, pass);
    if (backward) return { ...outcome, ...backward };
    // Gradients were bad: those poses are out of the predictions now, and the combination is another one.
  }
}

/** The first pass: every pose's prediction, NaN where it is bad, and its poseLoss if there is one. */
async function predict<Pose>(
  task: Task<Pose>,
  badPoses: BadPose[],
): Promise<{ predictions: Float64Array; poseLosses: PoseLossTerm[] }> {
  const predictions = new Numbers();
  const poseLosses: PoseLossTerm[] = [];
  for await (const { item: pose, index } of indexed(task)) {
    const run = await unlessBad(task, badPoses, () => runPose(task, pose, index, { wantsGradient: false }));
    const prediction = run?.prediction ?? Number.NaN;
    predictions.push(prediction);
    if (task.poseLoss && run) {
      const { poseLoss, poseLossGradient } = poseLossOf(task, prediction, { pose, index });
      poseLosses[index] = { poseLoss, poseLossGradient };
    }
    await report(task, index, prediction, 1, 2);
  }
  return { predictions: predictions.toArray(), poseLosses };
}

/**
 * The second pass, or a later one: Σ coefficient · g_n. Where gradients are bad and bad poses are skipped, it still goes to
 * the end, so that one more pass need not be made for each; their predictions are then NaN, and there is no sum.
 */
async function differentiate<Pose>(
  task: Task<Pose>,
  predictions: Float64Array,
  coefficients: Float64Array,
  direct: Tensors,
  badPoses: BadPose[],
  pass: number,
): Promise<Pick<Outcome, 'gradient' | 'backwardSkipped'> | undefined> {
  const gradient: Outcome['gradient'] = Object.fromEntries(
    Object.entries(task.params).map(([name, { shape, data }]) => {
      return [name, { data: new Float64Array(data.length), shape }];
    }),
  );
  const add = (factor: number, slopes: Tensors) => {
    for (const [name, { data: added }] of Object.entries(slopes)) {
      const sum = gradient[name]?.data ?? [];
      for (let i = 0; i < sum.length; i++) (sum[i] as number) += factor * (added[i] as number);
    }
  };
  add(1, direct);
  const stateBytes = Object.values(gradient).reduce((total, { data }) => total + data.byteLength, 0);
  // Both as shares of the largest, as the sum of all might overflow.
  const largest = coefficients.reduce((most, coefficient) => Math.max(most, Math.abs(coefficient)), 0);
  const total = coefficients.reduce((sum, coefficient) => sum + Math.abs(coefficient) / largest, 0);
  const badBefore = badPoses.length;
  let [read, backwardSkipped] = [0, 0];
  task.memory.take(stateBytes);
  try {
    for await (const { item: pose, index } of indexed(task)) {
      if (read++ >= predictions.length) break;
      const before = predictions[index] as number;
      const coefficient = coefficients[index] as number;
      const isNeeded = coefficient !== 0 && Math.abs(coefficient) / largest >= task.tolerance * total;
      if (Number.isNaN(before)) continue;
      if (task.poseLoss) add(1, poseLossOf(task, before, { pose, index }).poseLossDirect);
      if (!isNeeded) backwardSkipped++;
      else {
        const run = await unlessBad(task, badPoses, () =>
          runPose(task, pose, index, { wantsGradient: true }),
        );
        if (run) {
          checkSame(index, before, run.prediction, task.executor.precision);
          add(coefficient, run.gradient ?? {});
        } else predictions[index] = Number.NaN;
      }
      await report(task, index, predictions[index] as number, pass, pass);
    }
  } finally {
    task.memory.give(stateBytes);
  }
  if (read !== predictions.length) {
    const more = read > predictions.length ? 'more' : `only ${read}`;
    throw new Error(
      `combinePoses: recompute read ${predictions.length} poses in its first pass and ${more} in its ${pass === 2 ? 'second' : 'next'}; the poses must be the same each time they are iterated`,
    );
  }
  return badPoses.length > badBefore ? undefined : { gradient, backwardSkipped };
}

/** How far two runs of one pose may differ: an executor may order its sums otherwise when a gradient is wanted too. */
const sameWithin = { float64: 1e-9, float32: 1e-3 };

function checkSame(index: number, first: number, second: number, precision: keyof typeof sameWithin): void {
  if (Math.abs(first - second) <= sameWithin[precision] * Math.max(1, Math.abs(first))) return;
  throw new Error(
    `combinePoses: pose ${index} was predicted ${first} in the first pass of recompute and ${second} in the second; the poses and the scorer must be the same each time`,
  );
}

/** @throws TypeError for a generator or other iterator, which can be read only once */
function checkRepeatable(poses: Task['poses']): void {
  if (!('next' in poses)) return;
  throw new TypeError(
    'combinePoses: recompute reads the poses twice, but these can be iterated only once; give an array, or an object whose [Symbol.iterator] or [Symbol.asyncIterator] starts anew each time, or use the strategy stream',
  );
}
