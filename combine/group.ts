import { reshaped } from '../engine/fan-out.ts';
import type { Value } from '../engine/tape.ts';
import { add } from '../ops/arithmetic/add.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { less } from '../ops/elementwise/less.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { where } from '../ops/elementwise/where.ts';
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
 * Several poses on one tape. The tape records the sums A, B_j and P of the group, measured from a reference of the
 * group's own. These sums are then added to the accumulator like those of a single pose.
 */

/**
 * Records, as targets, the numbers whose gradients are the sums of the group, in the order that {@link groupParts} reads:
 *
 *     A: Σ e_n h_n        B_j: Σ e_n (p_nj + (p_nj − r_j) h_n)        P: Σ L_n
 *
 * with e_n = m_n exp(σ(h_n − r)) and p_nj − r_j as constants, measured from the group's best pose. If h_n and p_n are both
 * the score, B has only the deviations: Σ e_n (h_n − r) h_n.
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
  const losses = poses.map((pose, n) =>
    reshaped(recordPoseLoss(task, params, scoreAt(scores, n), pose), [1]),
  );
  return { ...sums, targets: [...sums.targets, sum(concat(losses))] };
}

/** Records the targets A and B of a combination whose h_n and p_n are the score z_n. */
function scoreSums({ sigma, usesB }: Combination, z: Value, weights: readonly number[] | undefined): Targets {
  const fixed = stopGradient(z);
  const deviations = sub(fixed, sigma > 0 ? max(fixed) : min(fixed));
  const e = weighted(z, sigma === 0 ? undefined : exp(mul(sigma, deviations)), weights);
  const terms = e ? mul(e, z) : z;
  return { targets: usesB ? [sum(terms), sum(mul(mul(e ?? 1, deviations), z))] : [sum(terms)] };
}

/** Records the targets A and B_j of a pooling, and r and each r_j as extras. */
function pooledSums(
  combination: Combination,
  params: Record<string, Value>,
  scores: Value,
  poses: readonly Weighted<unknown>[],
  weights: readonly number[] | undefined,
): Targets {
  const rows = poses.map((_, n) => scoreAt(scores, n));
  const { logWeights, values } = recordPooledRows(combination, params, rows, poses);
  const fixedLogWeights = stopGradient(logWeights);
  const r = max(fixedLogWeights);
  const e = weighted(scores, exp(sub(fixedLogWeights, r)), weights) as Value;
  const A = sum(mul(e, logWeights));
  if (!values) return { targets: [A], extras: reshaped(r, [1]) };
  const [count, J] = values.shape as [number, number];
  const fixed = stopGradient(values);
  const isBelow = reshaped(less(fixedLogWeights, r), [count, 1]);
  // r_j is the best pose's own value. Measured from a rounded mean, that pose would have a deviation of one rounding error, which
  // is larger than all terms of a pose with a tiny e_n.
  const rValues = min(where(isBelow, max(fixed, 0), fixed), 0);
  const column = reshaped(e, [count, 1]);
  const byValue = sum(mul(column, values), 0);
  const byWeight = sum(mul(mul(column, sub(fixed, rValues)), reshaped(logWeights, [count, 1])), 0);
  const sums = add(byValue, byWeight);
  const B = Array.from({ length: J }, (_, j) => reshaped(slice(sums, j, j + 1), []));
  return { targets: [A, ...B], extras: concat([reshaped(r, [1]), rValues]) };
}

/** Returns m_n · factors, where absent weights or factors count as 1; undefined if both are absent. */
function weighted(
  { tape }: Value,
  factors: Value | undefined,
  weights: readonly number[] | undefined,
): Value | undefined {
  if (!weights) return factors;
  const m = tape.constant(Float64Array.from(weights));
  return factors ? mul(m, factors) : m;
}

/** Returns the sums of a group's tape as parts, and their reference. */
export function groupParts<Pose>(
  { combination, poseLoss }: Task<Pose>,
  { scores, extras, gradients }: TapeRun,
): { readonly parts: readonly Part[]; readonly reference: Reference } {
  const { pool, sigma, usesB } = combination as Combination;
  const reference = pool
    ? { weight: 1, height: extras[0] as number, values: Array.from(extras).slice(1) }
    : scoreReference(scores, sigma);
  if (!gradients) return { parts: [], reference };
  const J = reference.values.length;
  const zeros = new Float64Array(J);
  const [A, ...rest] = gradients as readonly [Tensors, ...Tensors[]];
  const B = usesB ? rest.slice(0, J) : [];
  const parts: Part[] = [
    { gradient: A, toHeight: 1, toValues: zeros, toLoss: 0 },
    ...B.map((gradient, j) => {
      const toValues = zeros.slice();
      toValues[j] = 1;
      return { gradient, toHeight: 0, toValues, toLoss: 0 };
    }),
  ];
  const P = poseLoss && rest[B.length];
  return {
    parts: P ? [...parts, { gradient: P, toHeight: 0, toValues: zeros, toLoss: 1 }] : parts,
    reference,
  };
}

function scoreReference(scores: ArrayLike<number>, sigma: number): Reference {
  let best = scores[0] as number;
  for (let n = 1; n < scores.length; n++)
    best = sigma > 0 ? Math.max(best, scores[n] as number) : Math.min(best, scores[n] as number);
  return { weight: 1, height: best, values: [best] };
}
