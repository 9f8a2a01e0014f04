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
import { bestValues } from './best-values.ts';
import type { Combination } from './combination.ts';
import { LazyParams } from './lazy-params.ts';
import { recordLogMean } from './log-mean.ts';
import { withParams } from './missing-params.ts';
import type { Indexed, Params, Tensors } from './params.ts';
import type { Pool, PoolContext, Pooled } from './pool.ts';
import { realValue, singleNumber } from './results.ts';
import type { Part, PooledTerm } from './term.ts';

/** Log-weight and values of one pose, recorded on a tape. */
interface Recorded {
  /** ℓ_n, shape []. */
  readonly logWeight: Value;
  /** p_nj, shape [J]; absent if J is 0. */
  readonly values: Value | undefined;
}

/** Records ℓ_n and p_nj of one pose. */
export function recordPooledPose(
  { kind, pool }: Combination,
  params: Record<string, Value>,
  score: Value,
  pose: Indexed<unknown>,
): Recorded {
  const { logWeight, values } = pool as Pool;
  const { tape } = score;
  const result = (who: string, record: Pool['logWeight'], otherwise: Operand) => {
    const operand = record
      ? withParams(who, params, params => record(score, { ...pose, params } as PoolContext))
      : otherwise;
    return typeof operand === 'number' ? tape.constant(operand) : operand;
  };
  const [weightName, valuesName] = [`${kind}: logWeight`, `${kind}: values`];
  const weight = singleNumber(result(weightName, logWeight, 0), tape, weightName);
  if (values === false) return { logWeight: weight, values: undefined };
  const p = realValue(result(valuesName, values, score), tape, valuesName);
  if (p.shape.length > 1) {
    throw new RangeError(
      `${kind}: values must return one number or a list of them, got shape [${p.shape.join(', ')}]`,
    );
  }
  return { logWeight: weight, values: reshaped(p, [p.shape[0] ?? 1]) };
}

/** Numbers and slopes of one pose that the sums of a pooling need. */
export interface PooledPose extends PooledTerm {
  /**
   * Gradients of ℓ_n and p_nj at a fixed score, for the parameters that `logWeight` and `values` read. Empty if they read
   * none.
   */
  readonly direct: readonly Part[];
}

/**
 * Evaluates ℓ_n and p_nj, with their slopes in the score and the parameters, on a tape of their own in float64.
 *
 * @throws BadPoseError if a number or slope is not finite
 */
export function pooledPose(
  combination: Combination,
  params: Params,
  scores: ArrayLike<number>,
  pose: Indexed<unknown>,
  weight: number,
): PooledPose {
  const tape = new Tape();
  const score = tape.parameter(
    tensor(Float64Array.from(scores), scores.length === 1 ? [] : [scores.length]),
    'score',
  );
  const lazy = new LazyParams(tape, params);
  const { logWeight, values } = recordPooledPose(combination, lazy.values, score, pose);
  const J = values?.shape[0] ?? 0;
  const outputs = [
    logWeight,
    ...Array.from({ length: J }, (_, j) => reshaped(slice(values as Value, j, j + 1), [])),
  ];
  const wrt = [score, ...lazy.read.map(([, value]) => value)];
  const tensors = evaluate([...outputs, ...outputs.flatMap(value => gradient(value, wrt))]);
  const count = outputs.length;
  const numbers = tensors.slice(0, count).map(({ data }) => data[0] as number);
  const slopesOf = (at: number) => tensors.slice(count + at * wrt.length, count + (at + 1) * wrt.length);
  const { index } = pose;
  for (let at = 0; at < count; at++) {
    const what = at === 0 ? 'its log-weight' : `its value ${at - 1}`;
    if (!Number.isFinite(numbers[at])) throw new BadPoseError({ index, reason: `${what} is ${numbers[at]}` });
    if (!slopesOf(at).every(({ data }) => areFinite(data)))
      throw new BadPoseError({ index, reason: `the slope of ${what} is not finite` });
  }
  const direct = outputs.map((_, at): Part => {
    const [, ...slopes] = slopesOf(at);
    const toValues = new Float64Array(J);
    if (at > 0) toValues[at - 1] = 1;
    return { gradient: namedBy(lazy, slopes), toHeight: at === 0 ? 1 : 0, toValues, toLoss: 0 };
  });
  return {
    weight,
    height: numbers[0] as number,
    values: numbers.slice(1),
    heightSlopes: (slopesOf(0)[0] as Tensor).data,
    valueSlopes: Array.from({ length: J }, (_, j) => (slopesOf(j + 1)[0] as Tensor).data),
    direct: lazy.read.length > 0 ? direct : [],
  };
}

function namedBy({ read }: LazyParams, slopes: readonly Tensor[]): Tensors {
  return Object.fromEntries(read.map(([name], at) => [name, slopes[at] as Tensor]));
}

/** Log-weights and values of several poses, recorded on a tape. */
interface RecordedRows {
  /** ℓ_n, shape [poses]. */
  readonly logWeights: Value;
  /** p_nj, shape [poses, J]; absent if J is 0. */
  readonly values: Value | undefined;
}

/**
 * Records ℓ_n and p_nj of several poses.
 *
 * @throws RangeError naming the pose whose number of values differs from that of the first
 */
export function recordPooledRows(
  combination: Combination,
  params: Record<string, Value>,
  scores: readonly Value[],
  poses: readonly Indexed<unknown>[],
): RecordedRows {
  const recorded = scores.map((score, n) =>
    recordPooledPose(combination, params, score, poses[n] as Indexed<unknown>),
  );
  const logWeights = concat(recorded.map(({ logWeight }) => reshaped(logWeight, [1])));
  const rows = recorded.flatMap(({ values }) => (values ? [values] : []));
  const [first] = rows;
  if (!first) return { logWeights, values: undefined };
  const J = first.shape[0] as number;
  const odd = rows.findIndex(({ shape }) => shape[0] !== J);
  if (odd > 0) {
    throw new RangeError(
      `${combination.kind}: values of pose ${poses[odd]?.index} have shape [${rows[odd]?.shape[0]}], those of earlier poses [${J}]`,
    );
  }
  return { logWeights, values: concat(rows.map(row => reshaped(row, [1, J]))) };
}

/** Records ΔG of a pooling from the scores of all poses on one tape, for `full-graph`. */
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
  // The values are measured from those of a pose with the largest weight, so that large ones keep their digits.
  const best = stopGradient(bestValues(e, values));
  const deviation = sum(mul(w, sub(values, best)), 0);
  return recordValue(combination, params, { ...pooled, mean: add(best, deviation) });
}

/** Records ΔG from the averages. */
export function recordValue(
  { kind, pool }: Combination,
  params: Record<string, Value>,
  pooled: Omit<Pooled, 'mean'> & { readonly mean?: Value },
): Value {
  const who = `${kind}: value`;
  const value = withParams(who, params, params =>
    pool?.value ? pool.value(pooled as Pooled, { params }) : pooled.mean,
  );
  return realValue(value, pooled.logSum.tape, who);
}

/**
 * Returns the parts of a pooled pose: one for each number of the score, then those of `direct`.
 *
 * @param gradients of each number of the score
 * @param lossSlopes slopes of the pose's loss in each number of the score
 */
export function partsOf(
  { heightSlopes, valueSlopes, direct }: PooledPose,
  gradients: readonly Tensors[],
  lossSlopes: ArrayLike<number>,
): Part[] {
  const parts = gradients.map((gradient, k): Part => {
    const toValues = valueSlopes.map(slopes => slopes[k] as number);
    return { gradient, toHeight: heightSlopes[k] as number, toValues, toLoss: lossSlopes[k] ?? 0 };
  });
  return [...parts, ...direct];
}
