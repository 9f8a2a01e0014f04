import { DeviceLostError } from '../engine/executor.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import type { Tape, Value } from '../engine/tape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { concat } from '../ops/shape/concat.ts';
import { type BadPose, BadPoseError } from './bad-pose.ts';
import { checkTarget, type Indexed, recordObjective } from './objective.ts';
import { checkAnyPoses, indexed, report, unlessBad } from './passes.ts';
import { recordParams, recordPrediction, runPose, withTape } from './pose-tape.ts';
import type { Outcome, Task } from './task.ts';

/**
 * One tape of all poses, from θ to the loss: the reference that the other strategies equal, and what they save the
 * memory of.
 */
export async function fullGraph<Pose>(task: Task<Pose>): Promise<Outcome> {
  const all: Indexed<Pose>[] = [];
  for await (const { item: pose, index } of indexed(task)) all.push({ pose, index });

  const badPoses: BadPose[] = [];
  for (;;) {
    checkAnyPoses(all.length, badPoses);
    const poses = all.filter(({ index }) => !badPoses.some(bad => bad.index === index));
    const graph = await runGraph(task, poses);
    const found = graph.bad.length > 0 ? graph.bad : await badGradients(task, poses, graph.gradient);
    if (found.length === 0) {
      const predictions = new Float64Array(all.length).fill(Number.NaN);
      for (const [n, { index }] of poses.entries()) predictions[index] = graph.predictions[n] as number;
      for (const { index } of all) await report(task, index, predictions[index] as number, 1, 1);
      return {
        ...graph,
        predictions,
        badPoses,
        poses: poses.length,
        backwardSkipped: 0,
      };
    }
    if (!task.skipsBadPoses) throw new BadPoseError(found[0] as BadPose);
    badPoses.push(...found);
  }
}

type Graph = Pick<Outcome, 'value' | 'readout' | 'loss' | 'gradient' | 'predictions'> & { bad: BadPose[] };

function runGraph<Pose>(task: Task<Pose>, poses: readonly Indexed<Pose>[]): Promise<Graph> {
  return withTape(task, poses.length, tape => runOn(tape, task, poses));
}

async function runOn<Pose>(tape: Tape, task: Task<Pose>, poses: readonly Indexed<Pose>[]): Promise<Graph> {
  const params = recordParams(tape, task.params);
  const names = Object.keys(params);
  const each = poses.map(({ pose, index }) => recordPrediction(task, tape, params, pose, index));
  const predictions = concat(each.map(prediction => reshaped(prediction, [1])));
  const { value, readout, target, isLoss } = recordObjective(task, params, predictions, poses);
  const slopes = task.wantsGradient ? gradient(target, Object.values(params)) : [];

  const wanted = [predictions, value, readout ?? value, target, ...slopes];
  const [vector, delta, read, loss, ...tensors] = await runAll(task, poses, wanted);
  const numbers = Float64Array.from((vector as Tensor).data);
  const bad = poses.flatMap(({ index }, n) => {
    const number = numbers[n] as number;
    if (Number.isFinite(number)) return [];
    const reason = task.reasonOf('its prediction', each[n] as Value, Float64Array.of(number));
    return [{ index, reason }];
  });
  if (bad.length === 0) checkTarget(...[delta, read, loss].map(tensor => tensor?.data[0] as number));
  return {
    value: delta?.data[0] as number,
    readout: readout && (read?.data[0] as number),
    loss: isLoss ? (loss?.data[0] as number) : undefined,
    gradient: Object.fromEntries(
      tensors.map(({ data, shape }, k) => [names[k] as string, { data: Float64Array.from(data), shape }]),
    ),
    predictions: numbers,
    bad,
  };
}

/** One sum over all poses does not say whose gradient was bad, so where it is, each is run on its own. */
async function badGradients<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  sum: Outcome['gradient'],
): Promise<BadPose[]> {
  const isSound = Object.values(sum).every(({ data }) => areFinite(data));
  return isSound ? [] : runEach(task, poses, { wantsGradient: true });
}

/**
 * Runs the tape of all poses. An executor that fails does not say at which, so each is then run on its own.
 *
 * @throws Error naming the first pose that fails on its own, too; else the executor's error
 */
async function runAll<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  wanted: readonly Value[],
): Promise<Tensor[]> {
  const { executor, memory } = task;
  try {
    return await executor.run(wanted, { memory });
  } catch (error) {
    if (!(error instanceof DeviceLostError)) await runEach(task, poses, task);
    throw error;
  }
}

/** Runs poses on their own for those that are bad. */
async function runEach<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  { wantsGradient }: { readonly wantsGradient: boolean },
): Promise<BadPose[]> {
  const found: BadPose[] = [];
  for (const { pose, index } of poses) {
    await unlessBad({ ...task, skipsBadPoses: true }, found, () =>
      runPose(task, pose, index, { wantsGradient }),
    );
  }
  return found;
}
