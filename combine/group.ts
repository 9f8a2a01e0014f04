import { reshaped } from '../engine/fan-out.ts';
import type { Value } from '../engine/tape.ts';
import { add } from '../ops/arithmetic/add.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { max } from '../ops/reduce/max.ts';
import { sum } from '../ops/reduce/sum.ts';
import { concat } from '../ops/shape/concat.ts';
import { slice } from '../ops/shape/slice.ts';
import { bestValues } from './best-values.ts';
import type { Combination } from './combination.ts';
import { recordPoseLoss } from './objective.ts';
import type { Tensors, Weighted } from './params.ts';
import { recordPooledRows } from './pooled-pose.ts';
import { scoreAt, type TapeRun, type Targets } from './pose-tape.ts';
import type { Task } from './task.ts';
import { type Part, type Reference, type Term, weightOf } from './term.ts';

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
 * the score, B lacks the term e_n p_nj, whose gradient is already A: B is Σ e_n (h_n − r) h_n.
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
  const e = withPoseWeights(z, sigma === 0 ? undefined : exp(mul(sigma, deviations)), weights);
  const terms = e ? mul(e, z) : z;
  return { targets: usesB ? [sum(terms), sum(mul(mul(e ?? 1, deviations), z))] : [sum(terms)] };
}

/**
 * Records the targets A and B_j of a pooling, and as extras Σ e_n, each r_j and each Σ e_n (p_nj − r_j). Here the e_n
 * are m_n exp(ℓ_n) divided by the largest of the group. The largest e_n is thus 1: in float32 not all underflow, and none
 * overflows.
 */
function pooledSums(
  combination: Combination,
  params: Record<string, Value>,
  scores: Value,
  poses: readonly Weighted<unknown>[],
  weights: readonly number[] | undefined,
): Targets {
  const rows = poses.map((_, n) => scoreAt(scores, n));
  const { logWeights, values } = recordPooledRows(combination, params, rows, poses);
  const fixed = stopGradient(logWeights);
  let exponents = sub(fixed, max(fixed));
  if (weights) {
    const weighed = add(exponents, scores.tape.constant(weights.map(Math.log)));
    exponents = sub(weighed, max(weighed));
  }
  const e = exp(exponents);
  const A = sum(mul(e, logWeights));
  const S = reshaped(sum(e), [1]);
  if (!values) return { targets: [A], extras: S };
  const [count, J] = values.shape as [number, number];
  const eColumn = reshaped(e, [count, 1]);
  const fixedValues = stopGradient(values);
  const rValues = bestValues(e, fixedValues);
  const weightedDeviations = mul(eColumn, sub(fixedValues, rValues));
  const fromValues = sum(mul(eColumn, values), 0);
  const fromLogWeights = sum(mul(weightedDeviations, reshaped(logWeights, [count, 1])), 0);
  const sums = add(fromValues, fromLogWeights);
  const B = Array.from({ length: J }, (_, j) => reshaped(slice(sums, j, j + 1), []));
  return { targets: [A, ...B], extras: concat([S, rValues, sum(weightedDeviations, 0)]) };
}

/** Returns m_n · factors, where absent weights or factors count as 1; undefined if both are absent. */
function withPoseWeights(
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
  terms: readonly Term[],
): { readonly parts: readonly Part[]; readonly reference: Reference } {
  const { pool, sigma, usesB } = combination as Combination;
  const { shifts, ...reference } = pool
    ? pooledReference(terms, Array.from(extras))
    : scoreReference(scores, sigma);
  if (!gradients) return { parts: [], reference };
  const J = reference.values.length;
  const zeros = new Float64Array(J);
  const [A, ...rest] = gradients as readonly [Tensors, ...Tensors[]];
  const B = usesB ? rest.slice(0, J) : [];
  const parts: Part[] = [
    { gradient: A, toHeight: 1, toValues: shifts, toLoss: 0 },
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

/** Reference of a group. `shifts` has a number for each B_j: shifts[j] · A is added to B_j. */
type GroupReference = Reference & { readonly shifts: ArrayLike<number> };

/**
 * Returns the reference of a group of a pooling. The tape's e_n and p_nj may be float32; those of
 * `terms` are float64. If the same vector is added to every ∂ℓ_n, it must cancel from the gradient of an average. It does
 * so only if A, B_j, S and M_j use the same e_n and p_nj. So (M_j/S − tapeM_j/tapeS)·A is added to B_j, and then A and B_j
 * are multiplied by S/tapeS. They then match the S and M_j computed from `terms`.
 */
function pooledReference(terms: readonly Term[], [tapeS = 1, ...rest]: readonly number[]): GroupReference {
  const J = rest.length / 2;
  const [values, tapeM] = [rest.slice(0, J), rest.slice(J)];
  const height = terms.reduce((highest, term) => Math.max(highest, term.height), -Infinity);
  let S = 0;
  const M = new Float64Array(J);
  for (const term of terms) {
    const e = weightOf(term, 1, height);
    S += e;
    for (let j = 0; e > 0 && j < J; j++)
      (M[j] as number) += e * ((term.values[j] as number) - (values[j] as number));
  }
  const shifts = tapeM.map((sum, j) => (M[j] as number) / S - sum / tapeS);
  return { weight: S / tapeS, height, values, shifts };
}

function scoreReference(scores: ArrayLike<number>, sigma: number): GroupReference {
  let best = scores[0] as number;
  for (let n = 1; n < scores.length; n++)
    best = sigma > 0 ? Math.max(best, scores[n] as number) : Math.min(best, scores[n] as number);
  return { weight: 1, height: best, values: [best], shifts: [0] };
}
