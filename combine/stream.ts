import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { groupParts, groupTargets } from './group.ts';
import { Ledger } from './ledger.ts';
import { checkLoss, checkObjective, objectiveOf, poseLossOf } from './objective.ts';
import type { Tensors, Weighted } from './params.ts';
import { checkAnyPoses, groups, report, runTogether, weighted } from './passes.ts';
import { partsOf, pooledPose } from './pooled-pose.ts';
import { eachNumber, runPoses } from './pose-tape.ts';
import type { FoldResult, Keep, Row } from './rows.ts';
import type { Closing, ObjectiveNumbers, Outcome, Task } from './task.ts';
import type { Part, Reference, Term } from './term.ts';

/**
 * Combines poses in one pass. For each pose, or group of `posesPerTape` poses, a tape is recorded, run forward and backward,
 * and dropped; its scores and gradients are added to the accumulator. Memory is one tape and sums of the size of θ, for any
 * number of poses.
 */
export async function stream<Pose>(task: Task<Pose>): Promise<Outcome> {
  checkLoss(task);
  const { read, weightless, ...accumulated } = await accumulate(task);
  const { accumulator, badPoses } = accumulated;
  checkAnyPoses(read, badPoses, weightless);
  return { ...closeState(task, accumulator), ...accumulated, poses: accumulator.count };
}

/** Adds every pose to an accumulator, in this thread or by workers. */
export async function accumulate<Pose>(task: Task<Pose>): Promise<FoldResult & Pick<Outcome, 'ledger'>> {
  const ledger = new Ledger(task.combination as Combination);
  const keep: Keep = (index, row) => {
    if (task.keepsPredictions) {
      if (row) ledger.push(row.scores, row.weight, row.pooled);
      else ledger.pushNone();
    }
    return report(task, index, row ? (row.scores[0] as number) : Number.NaN, 1, 1);
  };
  const { pool } = task;
  const sums = pool ? await (await import('./by-workers.ts')).fold(task, pool, keep) : await fold(task, keep);
  return { ...sums, ledger };
}

/** Adds every pose to an accumulator, in this thread. */
export async function fold<Pose>(task: Task<Pose>, keep: Keep): Promise<FoldResult> {
  const { memory } = task;
  const accumulator = (task.combination as Combination).accumulator();
  const badPoses: BadPose[] = [];
  let [read, weightless, backwardSkipped, stateBytes] = [0, 0, 0, 0];
  try {
    for await (const group of groups(task)) {
      read += group.length;
      const withWeight = weighted(task, group);
      weightless += group.length - withWeight.length;
      const done: PoseRow[] = [];
      await runTogether(task, withWeight, badPoses, async poses => {
        const { terms, reference, parts, poseLoss } =
          poses.length > 1
            ? await runGroup(task, accumulator, poses)
            : await runSingle(task, accumulator, poses[0] as Weighted<Pose>);
        if (task.wantsGradient && parts.length === 0) backwardSkipped += poses.length;
        accumulator.addTerms(terms, reference, parts, poseLoss);
        memory.take(accumulator.bytes - stateBytes);
        stateBytes = accumulator.bytes;
        done.push(...terms);
      });
      let at = 0;
      for (const { index } of group) await keep(index, done[at]?.index === index ? done[at++] : undefined);
    }
    return { accumulator, badPoses, backwardSkipped, read, weightless };
  } finally {
    memory.give(stateBytes);
  }
}

/** Numbers of a pose that ran. */
interface PoseRow extends Term, Row {
  readonly index: number;
}

/** Result of running the poses of a tape: the arguments of {@link Accumulator.addTerms}. */
interface TermsRun {
  readonly terms: readonly PoseRow[];
  readonly reference: Reference;
  readonly parts: readonly Part[];
  /** Sum of the poses' losses. */
  readonly poseLoss: number;
}

function rowOf<Pose>(
  { combination, params }: Task<Pose>,
  pose: Weighted<Pose>,
  scores: ArrayLike<number>,
): PoseRow {
  const { index, weight } = pose;
  const { pool } = combination as Combination;
  if (!pool) return { index, weight, height: scores[0] as number, values: scores, scores, pooled: undefined };
  const pooled = pooledPose(combination as Combination, params, scores, pose, weight);
  return { index, weight, height: pooled.height, values: pooled.values, scores, pooled };
}

/** Runs one pose for the gradient of each number of its score. */
async function runSingle<Pose>(
  task: Task<Pose>,
  accumulator: Accumulator,
  pose: Weighted<Pose>,
): Promise<TermsRun> {
  let term: PoseRow | undefined;
  // A poseLoss may need the gradient of a pose whose w_n is tiny.
  const proceed = (scores: ArrayLike<number>) => {
    term ??= rowOf(task, pose, scores);
    return !!task.poseLoss || matters(accumulator, term, task.tolerance);
  };
  const { scores, gradients } = await runPoses(task, [pose], {
    targets: task.wantsGradient ? eachNumber : undefined,
    proceed,
  });
  term ??= rowOf(task, pose, scores);
  const { pooled } = term;
  const loss = task.poseLoss && poseLossOf(task, scores, pose);
  const run = { terms: [term], reference: term, poseLoss: loss?.poseLoss ?? 0 };
  if (!gradients) return { ...run, parts: [] };
  const slopes = loss?.slopes ?? [];
  const parts: Part[] = pooled
    ? partsOf(pooled, gradients, slopes)
    : [{ gradient: gradients[0] as Tensors, toHeight: 1, toValues: scoreToValues, toLoss: slopes[0] ?? 0 }];
  if (loss) {
    const toValues = new Float64Array(term.values.length);
    parts.push({ gradient: loss.direct, toHeight: 0, toValues, toLoss: 1 });
  }
  return { ...run, parts };
}

/** The factors {@link Part.toValues} of a score that is both h_n and p_n. */
const scoreToValues: readonly number[] = [0];

/** Runs several poses on one tape, which computes their sums. */
async function runGroup<Pose>(
  task: Task<Pose>,
  accumulator: Accumulator,
  poses: readonly Weighted<Pose>[],
): Promise<TermsRun> {
  let terms: readonly PoseRow[] | undefined;
  const rowsOf = (scores: ArrayLike<number>) => {
    const width = scores.length / poses.length;
    return poses.map((pose, n) =>
      rowOf(
        task,
        pose,
        Float64Array.from({ length: width }, (_, k) => scores[n * width + k] as number),
      ),
    );
  };
  const proceed = (scores: ArrayLike<number>) => {
    terms ??= rowsOf(scores);
    return !!task.poseLoss || terms.some(term => matters(accumulator, term, task.tolerance));
  };
  const run = await runPoses(task, poses, {
    targets: task.wantsGradient ? (scores, params) => groupTargets(task, params, scores, poses) : undefined,
    proceed,
  });
  terms ??= rowsOf(run.scores);
  let poseLoss = 0;
  if (task.poseLoss)
    for (const [n, pose] of poses.entries())
      poseLoss += poseLossOf(task, (terms[n] as PoseRow).scores, pose).poseLoss;
  return { terms, poseLoss, ...groupParts(task, run, terms) };
}

/** True if the influence of a pose is above 0 and at least `tolerance`. Poses added later only lower it. */
function matters(accumulator: Accumulator, { height, weight }: Term, tolerance: number): boolean {
  const influence = accumulator.influence(height, weight);
  return influence > 0 && influence >= tolerance;
}

/**
 * Computes the objective and its gradient from a state. The gradient is L′(ΔG) Σ c_n g_n + Σ L′_n g_n, plus the
 * derivatives with respect to parameters that the losses, the readout or the combination read directly. A state keeps
 * the two sums apart, because L′ is known only after the last pose.
 */
export function closeState<Pose>(
  task: Closing<Pose>,
  accumulator: Accumulator,
): ObjectiveNumbers & Pick<Outcome, 'gradient'> {
  const { slopes, direct, loss, ...numbers } = objectiveOf(task, accumulator);
  const gradient = accumulator.gradient(slopes);
  for (const [name, { data }] of Object.entries(gradient)) {
    for (const terms of [
      accumulator.poseLossSums.get(name),
      Object.hasOwn(direct, name) && direct[name]?.data,
    ]) {
      if (!terms) continue;
      for (let i = 0; i < terms.length; i++) (data[i] as number) += terms[i] as number;
    }
  }
  if (!task.poseLoss) return { ...numbers, loss, gradient };
  const total = (loss ?? 0) + accumulator.poseLoss;
  checkObjective(total);
  return { ...numbers, loss: total, gradient };
}
