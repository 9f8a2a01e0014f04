import { DeviceLostError } from '../engine/executor.ts';
import { reshaped } from '../engine/fan-out.ts';
import { runGradients } from '../engine/run-gradients.ts';
import { sizeOf } from '../engine/shape.ts';
import type { Tape, Value } from '../engine/tape.ts';
import { areFinite, type Tensor } from '../engine/tensor.ts';
import { concat } from '../ops/shape/concat.ts';
import { type BadPose, BadPoseError } from './bad-pose.ts';
import { type Combination, weightOfPose } from './combination.ts';
import { Ledger } from './ledger.ts';
import { checkObjective, recordObjective } from './objective.ts';
import type { Indexed, Weighted } from './params.ts';
import { checkAnyPoses, indexed, report, unlessBad } from './passes.ts';
import { type PooledPose, pooledPose } from './pooled-pose.ts';
import { eachNumber, recordParams, recordScores, runPoses, scoreAt, withTape } from './pose-tape.ts';
import type { ObjectiveNumbers, Outcome, Task } from './task.ts';

/**
 * Combines poses on one tape, from the parameters to the loss. The other strategies reproduce its results with less memory.
 */
export async function fullGraph<Pose>(task: Task<Pose>): Promise<Outcome> {
  const combination = typeof task.combination === 'function' ? undefined : task.combination;
  const all: Weighted<Pose>[] = [];
  for await (const { item: pose, index } of indexed(task))
    all.push({ pose, index, weight: combination ? weightOfPose(combination, pose, index) : 1 });
  const withWeight = all.filter(({ weight }) => weight > 0);

  const badPoses: BadPose[] = [];
  for (;;) {
    checkAnyPoses(all.length, badPoses, all.length - withWeight.length);
    const poses = withWeight.filter(({ index }) => !badPoses.some(bad => bad.index === index));
    const { scores, pooled, bad, ...graph } = await runGraph(task, poses);
    const newBad = bad.length > 0 ? bad : await badGradients(task, poses, graph.gradient);
    if (newBad.length === 0) {
      const ledger = ledgerOf(combination, all, poses, scores, pooled);
      for (const { index } of all) {
        const prediction = ledger.has(index) ? (ledger.scoresOf(index)[0] as number) : Number.NaN;
        await report(task, index, prediction, 1, 1);
      }
      return {
        ...graph,
        ledger,
        accumulator: combination && ledger.accumulated(combination),
        badPoses,
        poses: poses.length,
        backwardSkipped: 0,
      };
    }
    if (!task.skipsBadPoses) throw new BadPoseError(newBad[0] as BadPose);
    badPoses.push(...newBad);
  }
}

/** Results of one run of the tape of all poses. */
type Graph = ObjectiveNumbers &
  Pick<Outcome, 'gradient'> & {
    readonly scores: readonly Float64Array[];
    /** Terms of the poses; empty unless the combination is a pooling. */
    readonly pooled: readonly PooledPose[];
    readonly bad: BadPose[];
  };

/** Makes a ledger of all poses from the results of the poses that ran. */
function ledgerOf<Pose>(
  combination: Combination | undefined,
  all: readonly Weighted<Pose>[],
  poses: readonly Weighted<Pose>[],
  scores: readonly Float64Array[],
  pooled: readonly PooledPose[],
): Ledger {
  const ledger = new Ledger(combination);
  let n = 0;
  for (const { index, weight } of all) {
    if (poses[n]?.index === index) ledger.push(scores[n] as Float64Array, weight, pooled[n++]);
    else ledger.pushNone();
  }
  return ledger;
}

function runGraph<Pose>(task: Task<Pose>, poses: readonly Weighted<Pose>[]): Promise<Graph> {
  return withTape(task, poses.length, tape => runOn(tape, task, poses));
}

async function runOn<Pose>(tape: Tape, task: Task<Pose>, poses: readonly Weighted<Pose>[]): Promise<Graph> {
  const params = recordParams(tape, task.params);
  const names = Object.keys(params);
  const { predictions, scores } = recordAll(task, tape, params, poses);
  const isWeighted = typeof task.combination !== 'function' && task.combination.weight;
  const weights = isWeighted ? poses.map(({ weight }) => weight) : undefined;
  const { value, readout, target, isLoss } = recordObjective(
    task,
    params,
    predictions,
    scores,
    poses,
    weights,
  );
  const wanted = [predictions, value, readout ?? value, target];
  const tensors = await runAll(
    task,
    poses,
    wanted,
    task.wantsGradient ? [target] : [],
    Object.values(params),
  );
  const [predicted, values, readoutNumbers, targetNumber, ...slopes] = tensors as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    ...Tensor[],
  ];
  const width = predicted.data.length / poses.length;
  const rows = poses.map((_, n) => Float64Array.from(predicted.data.subarray(n * width, (n + 1) * width)));
  const bad = rows.flatMap((row, n) => {
    if (areFinite(row)) return [];
    const { index } = poses[n] as Weighted<Pose>;
    return [{ index, reason: task.reasonOf('its prediction', scores()[n] as Value, row) }];
  });
  const pooled = bad.length === 0 ? await pooledPoses(task, poses, rows, bad) : [];
  if (bad.length === 0)
    for (const { data } of [values, readoutNumbers, targetNumber]) checkObjective(...data);
  return {
    values: Float64Array.from(values.data),
    readout: readout && sizeOf(readout.shape) === 1 ? readoutNumbers.data[0] : undefined,
    loss: isLoss ? targetNumber.data[0] : undefined,
    gradient: Object.fromEntries(
      slopes.map(({ data, shape }, k) => [names[k] as string, { data: Float64Array.from(data), shape }]),
    ),
    scores: rows,
    pooled,
    bad,
  };
}

/** Records the predictions of all poses, shape [poses] or [poses, K], in groups of `posesPerTape` or one by one. */
function recordAll<Pose>(
  task: Task<Pose>,
  tape: Tape,
  params: Record<string, Value>,
  poses: readonly Weighted<Pose>[],
): { readonly predictions: Value; readonly scores: () => readonly Value[] } {
  const size = task.posesPerTape ?? 1;
  const groups = Array.from({ length: Math.ceil(poses.length / size) }, (_, g) => {
    const group = poses.slice(g * size, (g + 1) * size);
    return { count: group.length, value: recordScores(task, tape, params, group) };
  });
  const predictions = concat(
    groups.map(({ count, value }) => (count > 1 ? value : reshaped(value, [1, ...value.shape]))),
  );
  let single: readonly Value[] | undefined;
  const scores = () => {
    single ??= groups.flatMap(({ count, value }) =>
      count > 1 ? Array.from({ length: count }, (_, n) => scoreAt(value, n)) : [value],
    );
    return single;
  };
  return { predictions, scores };
}

/** Evaluates the term of each pose, for a pooling. Poses whose log-weight or values are not finite are added to `bad`. */
async function pooledPoses<Pose>(
  task: Task<Pose>,
  poses: readonly Weighted<Pose>[],
  scores: readonly Float64Array[],
  bad: BadPose[],
): Promise<PooledPose[]> {
  const { combination, params } = task;
  if (typeof combination === 'function' || !combination.pool) return [];
  const pooled: PooledPose[] = [];
  for (const [n, pose] of poses.entries()) {
    const term = await unlessBad({ ...task, skipsBadPoses: true }, bad, async () =>
      pooledPose(combination, params, scores[n] as Float64Array, pose, pose.weight),
    );
    if (term) pooled.push(term);
  }
  return pooled;
}

/**
 * Finds the poses with a bad gradient. If the summed gradient is bad, each pose runs alone, since the sum does not tell
 * which poses are bad.
 */
async function badGradients<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  sum: Outcome['gradient'],
): Promise<BadPose[]> {
  const areAllFinite = Object.values(sum).every(({ data }) => areFinite(data));
  return areAllFinite ? [] : runEach(task, poses, true);
}

/**
 * Runs the tape of all poses. If the executor fails, each pose runs alone, to find the pose that makes it fail.
 *
 * @throws Error naming the first pose that also fails alone; the executor's error if none fails alone
 */
async function runAll<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  wanted: readonly Value[],
  targets: readonly Value[],
  params: readonly Value[],
): Promise<Tensor[]> {
  const { executor, memory, shared } = task;
  try {
    return await runGradients(executor, wanted, targets, params, { memory, shared });
  } catch (error) {
    if (!(error instanceof DeviceLostError)) await runEach(task, poses, task.wantsGradient);
    throw error;
  }
}

/** Runs each pose alone and returns the bad ones. */
async function runEach<Pose>(
  task: Task<Pose>,
  poses: readonly Indexed<Pose>[],
  wantsGradient: boolean,
): Promise<BadPose[]> {
  const bad: BadPose[] = [];
  for (const pose of poses) {
    await unlessBad({ ...task, skipsBadPoses: true }, bad, () =>
      runPoses(task, [pose], wantsGradient ? { targets: eachNumber } : {}),
    );
  }
  return bad;
}
