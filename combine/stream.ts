import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { checkLoss, checkTarget, lossOf, poseLossOf } from './objective.ts';
import { checkAnyPoses, indexed, Numbers, report, unlessBad } from './passes.ts';
import { runPose } from './pose-tape.ts';
import type { Outcome, Task } from './task.ts';

/**
 * One pass: for each pose a tape is built, run forward and backward, folded into the accumulator and dropped. What is
 * kept is one tape and a state of the size of θ, whatever the number of poses.
 */
export async function stream<Pose>(task: Task<Pose>): Promise<Outcome> {
  const { memory } = task;
  checkLoss(task);
  const accumulator = (task.combination as Combination).accumulator();
  const predictions = new Numbers();
  const badPoses: BadPose[] = [];
  let [read, backwardSkipped, stateBytes] = [0, 0, 0];
  try {
    for await (const { item: pose, index } of indexed(task)) {
      read++;
      const run = await unlessBad(task, badPoses, () => {
        // The pose's own loss may need its gradient however small its weight.
        const proceed = (prediction: number) =>
          !!task.poseLoss || matters(accumulator, prediction, task.tolerance);
        return runPose(task, pose, index, { wantsGradient: task.wantsGradient, proceed });
      });
      if (run) {
        if (task.wantsGradient && !run.gradient) backwardSkipped++;
        accumulator.add(run.prediction, run.gradient, poseLossOf(task, run.prediction, { pose, index }));
        memory.take(accumulator.bytes - stateBytes);
        stateBytes = accumulator.bytes;
      }
      const prediction = run?.prediction ?? Number.NaN;
      if (task.keepsPredictions) predictions.push(prediction);
      await report(task, index, prediction, 1, 1);
    }
    checkAnyPoses(read, badPoses);
    return {
      ...finish(task, accumulator),
      predictions: predictions.toArray(),
      backwardSkipped,
      badPoses,
    };
  } finally {
    memory.give(stateBytes);
  }
}

/** Whether a pose can still change the gradient: later ones only push its weight lower. */
function matters(accumulator: Accumulator, prediction: number, tolerance: number): boolean {
  const influence = accumulator.influence(prediction);
  return influence > 0 && influence >= tolerance;
}

/** ∂L/∂θ = L′(ΔG) Σ c_n g_n + Σ l′_n g_n + what the losses read of θ: L′ is known only now, hence the two sums. */
function finish<Pose>(
  task: Task<Pose>,
  accumulator: Accumulator,
): Pick<Outcome, 'value' | 'readout' | 'loss' | 'gradient' | 'poses'> {
  const { value, gradient, poseLoss, poseLossGradient, count } = accumulator.result();
  const { readout, loss, slope, direct } = lossOf(task, value);
  for (const [name, { data }] of Object.entries(gradient)) {
    for (let i = 0; i < data.length; i++) data[i] = slope * (data[i] as number);
    for (const own of [poseLossGradient, direct]) {
      const added = Object.hasOwn(own, name) ? (own[name]?.data ?? []) : [];
      for (let i = 0; i < added.length; i++) (data[i] as number) += added[i] as number;
    }
  }
  if (!task.poseLoss) return { value, readout, loss, gradient, poses: count };
  const total = (loss ?? 0) + poseLoss;
  checkTarget(total);
  return { value, readout, loss: total, gradient, poses: count };
}
