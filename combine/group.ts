import { reshaped } from '../engine/fan-out.ts';
import type { Value } from '../engine/tape.ts';
import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { max } from '../ops/reduce/max.ts';
import { sum } from '../ops/reduce/sum.ts';
import { concat } from '../ops/shape/concat.ts';
import { slice } from '../ops/shape/slice.ts';
import type { Combination } from './combination.ts';
import { recordPoseLoss } from './objective.ts';
import type { Tensors, Weighted } from './params.ts';
import { recordPooledRows } from './pooled-pose.ts';
import { scoreAt, type TapeRun, type Targets } from './pose-tape.ts';
import type { Task } from './task.ts';
import type { Part, Reference } from './term.ts';

/*
 * Several poses on one tape: the sums A and B of the accumulator are recorded over them, from a reference of their own, and
 * enter the state as those of one pose do. The weights e_n are numbers to the backward pass, as they are in the state.
 */

/**
 * Records what the sums of gradients of these poses are the gradients of, in the order that {@link groupParts} reads:
 *
 *     A: Σ e_n h_n        B_j: Σ e_n (p_nj + (p_nj − c_j) h_n)        P: Σ l_n
 *
 * with e_n = m_n exp(σ(h_n − r)) and deviations held fixed. Where h = p is the score itself, B has but the deviations.
 */
export function groupTargets<Pose>(
  task: Task<Pose>,
  params: Record<string, Value>,
  scores: Value,
  poses: readonly Weighted<Pose>[],
): Targets {
  const combination = task.combination as Combination;
  const weights = combination.weight && poses.map(({ weight }) => weight);
  const sums = combination.pool
    ? pooledSums(combination, params, scores, poses, weights)
    : scoreSums(combination, scores, weights);
  if (!task.poseLoss) return sums;
  const losses = poses.map((each, n) =>
    reshaped(recordPoseLoss(task, params, scoreAt(scores, n), each), [1]),
  );
  return { ...sums, targets: [...sums.targets, sum(concat(losses))] };
}

function scoreSums({ sigma, usesB }: Combination, z: Value, weights: readonly number[] | undefined): Targets {
  const held = stopGradient(z);
  const above = sub(held, sigma > 0 ? max(held) : min(held));
  const e = weighted(z, sigma === 0 ? undefined : exp(mul(sigma, above)), weights);
  const toA = e ? mul(e, z) : z;
  return { targets: usesB ? [sum(toA), sum(mul(mul(e ?? 1, above), z))] : [sum(toA)] };
}

function pooledSums(
  combination: Combination,
  params: Record<string, Value>,
  scores: Value,
  poses: readonly Weighted<unknown>[],
  weights: readonly number[] | undefined,
): Targets {
  const rows = poses.map((_, n) => scoreAt(scores, n));
  const { logWeights, values } = recordPooledRows(combination, params, rows, poses);
  const held = stopGradient(logWeights);
  const r = max(held);
  const e = weighted(scores, exp(sub(held, r)), weights) as Value;
  const height = sum(mul(e, logWeights));
  if (!values) return { targets: [height], beside: reshaped(r, [1]) };
  const [count, m] = values.shape as [number, number];
  const column = reshaped(e, [count, 1]);
  const fixed = stopGradient(values);
  const c = div(sum(mul(column, fixed), 0), sum(e));
  const direct = sum(mul(column, values), 0);
  const byWeight = sum(mul(mul(column, sub(fixed, c)), reshaped(logWeights, [count, 1])), 0);
  const all = add(direct, byWeight);
  const each = Array.from({ length: m }, (_, j) => reshaped(slice(all, j, j + 1), []));
  return { targets: [height, ...each], beside: concat([reshaped(r, [1]), c]) };
}

/** m_n times these factors; nothing where all are 1. */
function weighted(
  { tape }: Value,
  factors: Value | undefined,
  weights: readonly number[] | undefined,
): Value | undefined {
  if (!weights) return factors;
  const m = tape.constant(Float64Array.from(weights));
  return factors ? mul(m, factors) : m;
}

/** The sums of a group's tape as parts, and the reference that they are measured from. */
export function groupParts<Pose>(
  { combination, poseLoss }: Task<Pose>,
  { scores, beside, gradients }: TapeRun,
): { readonly parts: readonly Part[]; readonly reference: Reference } {
  const { pool, sigma, usesB } = combination as Combination;
  const reference = pool
    ? { weight: 1, height: beside[0] as number, values: Array.from(beside).slice(1) }
    : scoreReference(scores, sigma);
  if (!gradients) return { parts: [], reference };
  const m = reference.values.length;
  const none = new Float64Array(m);
  const [A, ...rest] = gradients as readonly [Tensors, ...Tensors[]];
  const B = usesB ? rest.slice(0, m) : [];
  const parts: Part[] = [
    { gradient: A, toHeight: 1, toValues: none, toOwn: 0 },
    ...B.map((gradient, j) => {
      const toValues = none.slice();
      toValues[j] = 1;
      return { gradient, toHeight: 0, toValues, toOwn: 0 };
    }),
  ];
  const own = poseLoss && rest[B.length];
  return {
    parts: own ? [...parts, { gradient: own, toHeight: 0, toValues: none, toOwn: 1 }] : parts,
    reference,
  };
}

function scoreReference(scores: ArrayLike<number>, sigma: number): Reference {
  let best = scores[0] as number;
  for (let n = 1; n < scores.length; n++)
    best = sigma > 0 ? Math.max(best, scores[n] as number) : Math.min(best, scores[n] as number);
  return { weight: 1, height: best, values: [best] };
}
