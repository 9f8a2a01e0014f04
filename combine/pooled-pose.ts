import { evaluate } from '../engine/evaluate.ts';
import { reshaped } from '../engine/fan-out.ts';
import { gradient } from '../engine/gradient.ts';
import { type Operand, Tape, type Value } from '../engine/tape.ts';
import { areFinite, type Tensor, tensor } from '../engine/tensor.ts';
import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { log } from '../ops/elementwise/log.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { max } from '../ops/reduce/max.ts';
import { sum } from '../ops/reduce/sum.ts';
import { concat } from '../ops/shape/concat.ts';
import { slice } from '../ops/shape/slice.ts';
import { BadPoseError } from './bad-pose.ts';
import type { Combination } from './combination.ts';
import { LazyParams } from './lazy-params.ts';
import { recordLogMean } from './log-mean.ts';
import type { Indexed, Params, Tensors } from './params.ts';
import type { Pool, Pooled } from './pool.ts';
import { realValue, singleNumber } from './results.ts';
import type { Part, PooledTerm } from './term.ts';

/** Part of a pooling: what it makes of a score, in ops. */
interface Recorded {
  /** ℓ_n, shape []. */
  readonly logWeight: Value;
  /** p_n, shape [m]; absent where m is 0. */
  readonly values: Value | undefined;
}

/** Records ℓ_n and p_n of one pose. */
export function recordPooledPose(
  { kind, pool }: Combination,
  params: Record<string, Value>,
  score: Value,
  each: Indexed<unknown>,
): Recorded {
  const { logWeight, values } = pool as Pool;
  const context = { ...each, params };
  const { tape } = score;
  const valued = (operand: Operand | undefined, otherwise: Operand) => {
    const given = operand ?? otherwise;
    return typeof given === 'number' ? tape.constant(given) : given;
  };
  const weight = singleNumber(valued(logWeight?.(score, context), 0), tape, `${kind}: logWeight`);
  if (values === false) return { logWeight: weight, values: undefined };
  const p = realValue(valued(values?.(score, context), score), tape, `${kind}: values`);
  if (p.shape.length > 1) {
    throw new RangeError(
      `${kind}: values must return one number or a list of them, got shape [${p.shape.join(', ')}]`,
    );
  }
  return { logWeight: weight, values: reshaped(p, [p.shape[0] ?? 1]) };
}

/** A pose of a pooling in numbers, and the gradients of ℓ_n and p_n by the parameters that these read themselves. */
export interface PooledPose extends PooledTerm {
  readonly direct: readonly Part[];
}

/**
 * Evaluates ℓ_n and p_n of a score, with their slopes in it, on a tape of their own and in float64.
 *
 * @throws BadPoseError where one of them is not finite
 */
export function pooledPose(
  combination: Combination,
  params: Params,
  scores: ArrayLike<number>,
  each: Indexed<unknown>,
  weight: number,
): PooledPose {
  const tape = new Tape();
  const score = tape.parameter(
    tensor(Float64Array.from(scores), scores.length === 1 ? [] : [scores.length]),
    'score',
  );
  const lazy = new LazyParams(tape, params);
  const { logWeight, values } = recordPooledPose(combination, lazy.values, score, each);
  const m = values?.shape[0] ?? 0;
  const of = [
    logWeight,
    ...Array.from({ length: m }, (_, j) => reshaped(slice(values as Value, j, j + 1), [])),
  ];
  const wrt = [score, ...lazy.read.map(([, value]) => value)];
  const tensors = evaluate([...of, ...of.flatMap(value => gradient(value, wrt))]);
  const numbers = tensors.slice(0, of.length).map(({ data }) => data[0] as number);
  const slopesOf = (k: number) => tensors.slice(of.length + k * wrt.length, of.length + (k + 1) * wrt.length);
  const { index } = each;
  for (let k = 0; k < of.length; k++) {
    const what = k === 0 ? 'its log-weight' : `value ${k - 1} of it`;
    if (!Number.isFinite(numbers[k])) throw new BadPoseError({ index, reason: `${what} is ${numbers[k]}` });
    if (!slopesOf(k).every(({ data }) => areFinite(data)))
      throw new BadPoseError({ index, reason: `the slope of ${what} is not finite` });
  }
  const direct = of.map((_, k): Part => {
    const [, ...slopes] = slopesOf(k);
    const toValues = new Float64Array(m);
    if (k > 0) toValues[k - 1] = 1;
    return { gradient: namedBy(lazy, slopes), toHeight: k === 0 ? 1 : 0, toValues, toOwn: 0 };
  });
  return {
    weight,
    height: numbers[0] as number,
    values: numbers.slice(1),
    heightSlopes: (slopesOf(0)[0] as Tensor).data,
    valueSlopes: Array.from({ length: m }, (_, j) => (slopesOf(j + 1)[0] as Tensor).data),
    direct: lazy.read.length > 0 ? direct : [],
  };
}

function namedBy({ read }: LazyParams, slopes: readonly Tensor[]): Tensors {
  return Object.fromEntries(read.map(([name], at) => [name, slopes[at] as Tensor]));
}

/** Log-weights and values of several poses of a pooling, in ops. */
interface RecordedRows {
  /** ℓ_n, shape [poses]. */
  readonly logWeights: Value;
  /** p_n, shape [poses, m]; absent where m is 0. */
  readonly values: Value | undefined;
}

/**
 * Records ℓ_n and p_n of several poses.
 *
 * @throws RangeError naming the pose, for another number of values than that of those before
 */
export function recordPooledRows(
  combination: Combination,
  params: Record<string, Value>,
  scores: readonly Value[],
  poses: readonly Indexed<unknown>[],
): RecordedRows {
  const each = scores.map((score, n) =>
    recordPooledPose(combination, params, score, poses[n] as Indexed<unknown>),
  );
  const logWeights = concat(each.map(({ logWeight }) => reshaped(logWeight, [1])));
  const rows = each.flatMap(({ values }) => (values ? [values] : []));
  const [first] = rows;
  if (!first) return { logWeights, values: undefined };
  const m = first.shape[0] as number;
  const odd = rows.findIndex(({ shape }) => shape[0] !== m);
  if (odd > 0) {
    throw new RangeError(
      `${combination.kind}: values of pose ${poses[odd]?.index} have shape [${rows[odd]?.shape[0]}], those before [${m}]`,
    );
  }
  return { logWeights, values: concat(rows.map(row => reshaped(row, [1, m]))) };
}

/** Records the whole pooling on one tape, as `full-graph` does. */
export function recordPooled(
  combination: Combination,
  params: Record<string, Value>,
  scores: readonly Value[],
  poses: readonly Indexed<unknown>[],
  weights: readonly number[] | undefined,
): Value {
  const { logWeights, values } = recordPooledRows(combination, params, scores, poses);
  const r = stopGradient(max(logWeights));
  const factors = exp(sub(logWeights, r));
  const e = weights ? mul(logWeights.tape.constant(Float64Array.from(weights)), factors) : factors;
  const S = sum(e);
  const count = weights ? weights.reduce((total, weight) => total + weight, 0) : scores.length;
  const logMean = add(r, recordLogMean(sub(logWeights, r), weights));
  const pooled = { logSum: add(r, log(S)), logMean, count };
  if (!values) return recordValue(combination, params, pooled);
  const w = reshaped(div(e, S), [scores.length, 1]);
  // Averages are measured from their own value, so that large ones keep their digits.
  const c = stopGradient(sum(mul(w, values), 0));
  return recordValue(combination, params, { ...pooled, mean: add(c, sum(mul(w, sub(values, c)), 0)) });
}

/** Records ΔG of the averages. */
export function recordValue(
  { kind, pool }: Combination,
  params: Record<string, Value>,
  pooled: Omit<Pooled, 'mean'> & { readonly mean?: Value },
): Value {
  const value = pool?.value ? pool.value(pooled as Pooled, { params }) : pooled.mean;
  return realValue(value, pooled.logSum.tape, `${kind}: value`);
}

/** Of a pose of a pooling, the gradient of each number of the score as a part of the sums. */
export function partsOf(
  { heightSlopes, valueSlopes, direct }: PooledPose,
  gradients: readonly Tensors[],
  own: ArrayLike<number>,
): Part[] {
  const parts = gradients.map((gradient, k): Part => {
    const toValues = valueSlopes.map(slopes => slopes[k] as number);
    return { gradient, toHeight: heightSlopes[k] as number, toValues, toOwn: own[k] ?? 0 };
  });
  return [...parts, ...direct];
}
