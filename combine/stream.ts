import type { Accumulator } from './accumulator.ts';
import type { BadPose } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { groupParts, groupTargets } from './group.ts';
import { Ledger } from './ledger.ts';
import { checkLoss, checkTarget, objectiveOf, poseLossOf } from './objective.ts';
import type { Tensors, Weighted } from './params.ts';
import { checkAnyPoses, groups, report, runTogether, weighted } from './passes.ts';
import { partsOf, pooledPose } from './pooled-pose.ts';
import { eachNumber, runPoses } from './pose-tape.ts';
import type { Keep, Row, Sums } from './rows.ts';
import type { Closing, ObjectiveNumbers, Outcome, Task } from './task.ts';
import type { Part, Reference, Term } from './term.ts';

/**
 * One pass: for each pose, or each group of `posesPerTape`, a tape is built, run forward and backward, folded into the
 * accumulator and dropped. What is kept is one tape and a state of the size of θ, whatever the number of poses.
 */
export async function stream<Pose>(task: Task<Pose>): Promise<Outcome> {
  checkLoss(task);
  const { read, weightless, ...accumulated } = await accumulate(task);
  const { accumulator, badPoses } = accumulated;
  checkAnyPoses(read, badPoses, weightless);
  return { ...closeState(task, accumulator), ...accumulated, poses: accumulator.count };
}

/** Folds every pose into an accumulator, here or by workers. */
export async function accumulate<Pose>(task: Task<Pose>): Promise<Sums & Pick<Outcome, 'ledger'>> {
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

/** Folds every pose into an accumulator. */
export async function fold<Pose>(task: Task<Pose>, keep: Keep): Promise<Sums> {
  const { memory } = task;
  const accumulator = (task.combination as Combination).accumulator();
  const badPoses: BadPose[] = [];
  let [read, weightless, backwardSkipped, stateBytes] = [0, 0, 0, 0];
  try {
    for await (const group of groups(task)) {
      read += group.length;
      const counted = weighted(task, group);
      weightless += group.length - counted.length;
      const done: PoseTerm[] = [];
      await runTogether(task, counted, badPoses, async poses => {
        const { terms, reference, parts, poseLoss } =
          poses.length > 1
            ? await runGroup(task, accumulator, poses)
            : await runTerm(task, accumulator, poses[0] as Weighted<Pose>);
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

/** A pose, run, as it goes into the sums. */
interface PoseTerm extends Term, Row {
  readonly index: number;
}

/** Poses of one tape, as they go into the sums. */
interface TermsRun {
  readonly terms: readonly PoseTerm[];
  /** The place that the parts are measured from. */
  readonly reference: Reference;
  readonly parts: readonly Part[];
  /** The sum of the poses' own losses. */
  readonly poseLoss: number;
}

function termOf<Pose>(
  { combination, params }: Task<Pose>,
  each: Weighted<Pose>,
  scores: ArrayLike<number>,
): PoseTerm {
  const { index, weight } = each;
  const { pool } = combination as Combination;
  if (!pool) return { index, weight, height: scores[0] as number, values: scores, scores, pooled: undefined };
  const pooled = pooledPose(combination as Combination, params, scores, each, weight);
  return { index, weight, height: pooled.height, values: pooled.values, scores, pooled };
}

/** Runs one pose: gradients of each number of its score, which enter the sums with the slopes that these have. */
async function runTerm<Pose>(
  task: Task<Pose>,
  accumulator: Accumulator,
  each: Weighted<Pose>,
): Promise<TermsRun> {
  let term: PoseTerm | undefined;
  // The pose's own loss may need its gradient however small its weight.
  const proceed = (scores: ArrayLike<number>) => {
    term ??= termOf(task, each, scores);
    return !!task.poseLoss || matters(accumulator, term, task.tolerance);
  };
  const { scores, gradients } = await runPoses(task, [each], {
    targets: task.wantsGradient ? eachNumber : undefined,
    proceed,
  });
  term ??= termOf(task, each, scores);
  const { pooled } = term;
  const own = task.poseLoss && poseLossOf(task, scores, each);
  const run = { terms: [term], reference: term, poseLoss: own?.poseLoss ?? 0 };
  if (!gradients) return { ...run, parts: [] };
  const slopes = own?.slopes ?? noSlopes;
  const parts = pooled
    ? partsOf(pooled, gradients, slopes)
    : [{ gradient: gradients[0] as Tensors, toHeight: 1, toValues: none, toOwn: slopes[0] ?? 0 }];
  if (own) {
    const toValues = new Float64Array(term.values.length);
    parts.push({ gradient: own.direct, toHeight: 0, toValues, toOwn: 1 });
  }
  return { ...run, parts };
}

const noSlopes: readonly number[] = [];

/** The score is h and p: its gradient enters A, and B by its deviation alone. */
const none: readonly number[] = [0];

/** Runs several poses on one tape, which gives their sums. */
async function runGroup<Pose>(
  task: Task<Pose>,
  accumulator: Accumulator,
  poses: readonly Weighted<Pose>[],
): Promise<TermsRun> {
  let terms: readonly PoseTerm[] | undefined;
  const termsOf = (scores: ArrayLike<number>) => {
    const width = scores.length / poses.length;
    return poses.map((each, n) =>
      termOf(
        task,
        each,
        Float64Array.from({ length: width }, (_, k) => scores[n * width + k] as number),
      ),
    );
  };
  const proceed = (scores: ArrayLike<number>) => {
    terms ??= termsOf(scores);
    return !!task.poseLoss || terms.some(term => matters(accumulator, term, task.tolerance));
  };
  const run = await runPoses(task, poses, {
    targets: task.wantsGradient ? (scores, params) => groupTargets(task, params, scores, poses) : undefined,
    proceed,
  });
  terms ??= termsOf(run.scores);
  let poseLoss = 0;
  if (task.poseLoss)
    for (const [n, each] of poses.entries())
      poseLoss += poseLossOf(task, (terms[n] as PoseTerm).scores, each).poseLoss;
  return { terms, poseLoss, ...groupParts(task, run) };
}

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
