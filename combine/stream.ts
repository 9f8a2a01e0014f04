import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import { type Combination, weightOfPose } from './combination.ts';
import { Ledger } from './ledger.ts';
import { checkLoss, checkTarget, objectiveOf, poseLossOf } from './objective.ts';
import type { Indexed, Tensors } from './params.ts';
import { checkAnyPoses, indexed, report, unlessBad } from './passes.ts';
import { type PooledPose, partsOf, pooledPose } from './pooled-pose.ts';
import { runPose } from './pose-tape.ts';
import type { Closing, ObjectiveNumbers, Outcome, Task } from './task.ts';
import type { Part, Term } from './term.ts';

/**
 * One pass: for each pose a tape is built, run forward and backward, folded into the accumulator and dropped. What is
 * kept is one tape and a state of the size of θ, whatever the number of poses.
 */
export async function stream<Pose>(task: Task<Pose>): Promise<Outcome> {
  checkLoss(task);
  const { read, weightless, ...accumulated } = await accumulate(task);
  const { accumulator, badPoses } = accumulated;
  checkAnyPoses(read, badPoses, weightless);
  return { ...closeState(task, accumulator), ...accumulated, poses: accumulator.count };
}

/** The sums over the poses, and what is kept of each. */
interface Accumulated extends Pick<Outcome, 'ledger' | 'badPoses' | 'backwardSkipped'> {
  readonly accumulator: Accumulator;
  readonly read: number;
  /** Number of poses of weight 0. */
  readonly weightless: number;
}

/** Folds every pose into an accumulator. */
export async function accumulate<Pose>(task: Task<Pose>): Promise<Accumulated> {
  const { memory } = task;
  const combination = task.combination as Combination;
  const accumulator = combination.accumulator();
  const ledger = new Ledger(combination);
  const badPoses: BadPose[] = [];
  let [read, weightless, backwardSkipped, stateBytes] = [0, 0, 0, 0];
  try {
    for await (const { item: pose, index } of indexed(task)) {
      read++;
      const weight = weightOfPose(combination, pose, index);
      if (weight === 0) weightless++;
      const run =
        weight > 0 &&
        (await unlessBad(task, badPoses, () => runTerm(task, accumulator, { pose, index }, weight)));
      if (run) {
        const { term, scores, parts, poseLoss } = run;
        if (task.wantsGradient && parts.length === 0) backwardSkipped++;
        accumulator.addTerm(term, parts, poseLoss);
        memory.take(accumulator.bytes - stateBytes);
        stateBytes = accumulator.bytes;
        if (task.keepsPredictions) ledger.push(scores, weight, run.pooled);
      } else if (task.keepsPredictions) ledger.pushNone();
      await report(task, index, run ? (run.scores[0] as number) : Number.NaN, 1, 1);
    }
    return { accumulator, ledger, badPoses, backwardSkipped, read, weightless };
  } finally {
    memory.give(stateBytes);
  }
}

/** A pose, run, as it goes into the sums. */
interface TermRun {
  readonly scores: ArrayLike<number>;
  readonly term: Term;
  readonly pooled: PooledPose | undefined;
  readonly parts: readonly Part[];
  readonly poseLoss: number;
}

async function runTerm<Pose>(
  task: Task<Pose>,
  accumulator: Accumulator,
  each: Indexed<Pose>,
  weight: number,
): Promise<TermRun> {
  const { pose, index } = each;
  const combination = task.combination as Combination;
  let pooled: PooledPose | undefined;
  const termOf = (scores: ArrayLike<number>): Term => {
    const score = scores[0] as number;
    if (!combination.pool) return { weight, height: score, values: scores };
    pooled ??= pooledPose(combination, task.params, scores, each, weight);
    return pooled;
  };
  // The pose's own loss may need its gradient however small its weight.
  const proceed = (scores: ArrayLike<number>) =>
    !!task.poseLoss || matters(accumulator, termOf(scores), task.tolerance);
  const { scores, gradients } = await runPose(task, pose, index, {
    wantsGradient: task.wantsGradient,
    proceed,
  });
  const term = termOf(scores);
  const own = task.poseLoss && poseLossOf(task, scores, each);
  const poseLoss = own?.poseLoss ?? 0;
  if (!gradients) return { scores, term, pooled, parts: [], poseLoss };
  const slopes = own?.slopes ?? noSlopes;
  const parts = pooled
    ? partsOf(pooled, gradients, slopes)
    : [{ gradient: gradients[0] as Tensors, toHeight: 1, toValues: none, toOwn: slopes[0] ?? 0 }];
  if (own) {
    const toValues = new Float64Array(term.values.length);
    parts.push({ gradient: own.direct, toHeight: 0, toValues, toOwn: 1 });
  }
  // Spelt out, since a spread takes longer than all else here.
  return { scores, term, pooled, parts, poseLoss };
}

const noSlopes: readonly number[] = [];

/** The score is h and p: its gradient enters A, and B by its deviation alone. */
const none: readonly number[] = [0];

/** True if a pose can still change the gradient: later ones only push its weight lower. */
function matters(accumulator: Accumulator, { height, weight }: Term, tolerance: number): boolean {
  const influence = accumulator.influence(height, weight);
  return influence > 0 && influence >= tolerance;
}

/** ∂L/∂θ = L′(ΔG) Σ c_n g_n + Σ l′_n g_n + what is read of θ directly: L′ is known only now, hence the two sums. */
export function closeState<Pose>(
  task: Closing<Pose>,
  accumulator: Accumulator,
): ObjectiveNumbers & Pick<Outcome, 'gradient'> {
  const { slopes, direct, loss, ...numbers } = objectiveOf(task, accumulator);
  const gradient = accumulator.gradient(slopes);
  for (const [name, { data }] of Object.entries(gradient)) {
    for (const own of [
      accumulator.poseLossSums.get(name),
      Object.hasOwn(direct, name) && direct[name]?.data,
    ]) {
      if (!own) continue;
      for (let i = 0; i < own.length; i++) (data[i] as number) += own[i] as number;
    }
  }
  if (!task.poseLoss) return { ...numbers, loss, gradient };
  const total = (loss ?? 0) + accumulator.poseLoss;
  checkTarget(total);
  return { ...numbers, loss: total, gradient };
}
