import { evaluate, gradient, interpreter, Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  type Accumulator,
  accumulatePoses,
  type Combination,
  type CombineOptions,
  combinePoses,
  finish,
  type PoolingOptions,
} from 'posetape/combine';
import { mul, reshape, slice, sum } from 'posetape/ops';
import { expect } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { grouped, strategies } from './known-poses.ts';

/*
 * Computes a pooling by its definition in docs/maths.md, and the size of the terms of each entry of the gradient. Every
 * strategy must agree with this definition, for any groups of poses and for any split of the poses into states.
 */

export type Params = Readonly<Record<string, Tensor>>;
export type Values = Readonly<Record<string, Value>>;
type Options<Pose> = CombineOptions<Pose, Params>;

/** Pooling that a test compares with its definition. */
export interface Defined<Pose> {
  readonly poses: readonly Pose[];
  readonly params: Params;
  readonly score: Options<Pose>['score'];
  /** Options that define the pooling. */
  readonly pool: Pick<PoolingOptions<Pose, Values>, 'logWeight' | 'values' | 'value'>;
  readonly weight?: ((pose: Pose) => number) | undefined;
  /** Returns the combination; `indexOf` maps the index of a pose in a part to its index among all poses. */
  combination(indexOf?: (index: number) => number): Combination;
  readonly loss?: ((prediction: Value, params: Values) => Value) | undefined;
  readonly poseLoss?: ((prediction: Value, params: Values) => Value) | undefined;
}

/** Number of a pose, its derivatives by the K numbers of the score, and those by the parameters at a fixed score. */
interface Sloped {
  readonly number: number;
  readonly slopes: Float64Array;
  readonly direct: Params;
}

/** Numbers of a pose that the definition needs. */
interface PoseNumbers {
  readonly weight: number;
  /** Log-weight ℓ_n. */
  readonly height: Sloped;
  /** Values p_nj that the pooling averages. */
  readonly values: readonly Sloped[];
  readonly poseLoss: Sloped | undefined;
  /** Gradients g_nk of the K numbers of the score, by parameter name. */
  readonly gradients: readonly Params[];
}

function onTape(tape: Tape, params: Params): Record<string, Value> {
  return Object.fromEntries(Object.entries(params).map(([name, data]) => [name, tape.parameter(data, name)]));
}

function numbersOf<Pose>(
  { score, params, pool, weight, poseLoss }: Defined<Pose>,
  pose: Pose,
  index: number,
): PoseNumbers {
  const tape = new Tape();
  const theta = onTape(tape, params);
  const names = Object.keys(params);
  const scored = score(tape, theta, pose);
  const width = scored.shape[0] ?? 1;
  const gradients = Array.from({ length: width }, (_, k) => {
    const number = scored.shape.length === 0 ? scored : slice(scored, k, k + 1);
    const slopes = evaluate(gradient(reshape(number, []), Object.values(theta)));
    return Object.fromEntries(names.map((name, at) => [name, slopes[at] as Tensor]));
  });

  // Record the pooling alone, with the computed score as a parameter.
  const poolingTape = new Tape();
  const z = poolingTape.parameter(evaluate([scored])[0]);
  const poolingTheta = onTape(poolingTape, params);
  const context = { params: poolingTheta, pose, index };
  const asValue = (each: Value | number) => (typeof each === 'number' ? poolingTape.constant(each) : each);
  const sloped = (value: Value): Sloped => {
    const [number, slopes, ...direct] = evaluate([
      value,
      ...gradient(value, [z, ...Object.values(poolingTheta)]),
    ]);
    return {
      number: number?.data[0] as number,
      slopes: slopes?.data as Float64Array,
      direct: Object.fromEntries(names.map((name, at) => [name, direct[at] as Tensor])),
    };
  };
  const p = pool.values === false ? undefined : asValue(pool.values ? pool.values(z, context) : z);
  const J = p ? (p.shape[0] ?? 1) : 0;
  const list = p && reshape(p, [J]);
  return {
    weight: weight?.(pose) ?? 1,
    height: sloped(reshape(asValue(pool.logWeight?.(z, context) ?? 0), [])),
    values: Array.from({ length: J }, (_, j) => sloped(reshape(slice(list as Value, j, j + 1), []))),
    poseLoss: poseLoss && sloped(reshape(poseLoss(z, poolingTheta), [])),
    gradients,
  };
}

/** Results of a pooling by its definition. */
interface Definition {
  /** ΔG, one or several numbers. */
  readonly values: Float64Array;
  readonly loss: number;
  /** The normalised weight of each pose, 0 for a pose weight of 0. */
  readonly weights: readonly number[];
  /** Gradient by parameter name (`exact`), and the sums of the sizes of its terms (`reach`). */
  readonly sums: Readonly<Record<string, { readonly exact: Float64Array; readonly reach: Float64Array }>>;
}

/** Computes a pooling by its definition. */
export function definitionOf<Pose>(defined: Defined<Pose>): Definition {
  const { params, pool, loss, poseLoss, poses } = defined;
  const numbers = poses.map((pose, n) => numbersOf(defined, pose, n));
  const counted = numbers.filter(({ weight }) => weight > 0);
  const r = Math.max(...counted.map(({ height }) => height.number));
  const e = counted.map(({ weight, height }) => weight * Math.exp(height.number - r));
  const S = e.reduce((total, each) => total + each, 0);
  const w = e.map(each => each / S);
  const J = counted[0]?.values.length ?? 0;
  const valueAt = (n: number, j: number) => counted[n]?.values[j]?.number ?? 0;
  const average = (of: (n: number) => number) => w.reduce((total, each, n) => total + each * of(n), 0);
  // Each mean is summed as differences from the value of the pose with the largest weight. Differences from the value of
  // a pose of weight 0, which may be 1e8, would lose digits.
  const heaviest = w.indexOf(Math.max(...w));
  const means = Array.from(
    { length: J },
    (_, j) => valueAt(heaviest, j) + average(n => valueAt(n, j) - valueAt(heaviest, j)),
  );
  const tape = new Tape();
  const mean = tape.parameter(tensor(means));
  const logSum = tape.parameter(tensor(r + Math.log(S)));
  const theta = onTape(tape, params);
  const count = counted.reduce((total, { weight }) => total + weight, 0);
  // If all log-weights are close to r, S/N is close to 1, and its logarithm loses digits. log1p keeps them.
  const sumMinusCount = counted.reduce(
    (total, { weight, height }) => total + weight * Math.expm1(height.number - r),
    0,
  );
  const logRatio = sumMinusCount > -count / 2 ? Math.log1p(sumMinusCount / count) : Math.log(S / count);
  const pooled = { mean, logSum, logMean: tape.parameter(tensor(r + logRatio)), count };
  const value = pool.value ? pool.value(pooled, { params: theta }) : mean;
  // Without a loss, the gradient is that of the poseLosses alone or, if there are none, of ΔG.
  const objective = loss ? loss(value, theta) : poseLoss ? tape.constant(0) : reshape(value, []);
  const slopes = gradient(objective, [mean, logSum, pooled.logMean, ...Object.values(theta)]);
  const [deltaG, lossNumber, byMean, byLogSum, byLogMean, ...direct] = evaluate([
    value,
    objective,
    ...slopes,
  ]);
  const v = [...(byMean?.data ?? [])];
  const v0 = (byLogSum?.data[0] as number) + (byLogMean?.data[0] as number);

  // Averages have the rounding errors of their terms. `spreads` are the effects of these errors on `slopes`.
  const termSizes = means.map((_, j) => average(n => Math.abs(valueAt(n, j))));
  const largestHeight = Math.max(
    ...counted.map(({ height }) => Math.abs(height.number)),
    Math.abs(Math.log(S)),
  );
  const spreads = slopes.map(slope => {
    const size = slope.shape.reduce((product, length) => product * length, 1);
    return Float64Array.from({ length: size }, (_, i) => {
      const entry = sum(mul(reshape(slope, [size]), oneHot(slope, size, i)));
      const [dMean, dLogSum, dLogMean] = evaluate(gradient(entry, [mean, logSum, pooled.logMean]));
      const byHeight = Math.abs(dLogSum?.data[0] ?? 0) + Math.abs(dLogMean?.data[0] ?? 0);
      return termSizes.reduce(
        (t, each, j) => t + each * Math.abs(dMean?.data[j] ?? 0),
        largestHeight * byHeight,
      );
    });
  });
  const [spreadOfMean, spreadOfLogSum, spreadOfLogMean, ...spreadsOfParams] = spreads as [
    Float64Array,
    Float64Array,
    Float64Array,
    ...Float64Array[],
  ];
  const spread0 = (spreadOfLogSum[0] as number) + (spreadOfLogMean[0] as number);

  // 1e-290 allows for underflow.
  const sums: Record<string, { exact: Float64Array; reach: Float64Array }> = {};
  for (const [at, [name, { data }]] of Object.entries(params).entries()) {
    sums[name] = {
      exact: Float64Array.from(direct[at]?.data ?? []),
      reach: Float64Array.from(
        data,
        (_, i) => 1e-290 + Math.abs(direct[at]?.data[i] ?? 0) + (spreadsOfParams[at]?.[i] ?? 0),
      ),
    };
  }
  const addScaled = (all: Params, factor: number, size: number) => {
    for (const [name, { data }] of Object.entries(all)) {
      const { exact, reach } = sums[name] as { exact: Float64Array; reach: Float64Array };
      for (let i = 0; i < data.length; i++) {
        (exact[i] as number) += factor * (data[i] as number);
        (reach[i] as number) += size * Math.abs(data[i] as number);
      }
    }
  };
  for (const [n, { height, values, poseLoss: ownLoss, gradients }] of counted.entries()) {
    const share = w[n] as number;
    const offsets = values.map((_, j) => average(i => valueAt(n, j) - valueAt(i, j)));
    const sizes = values.map((_, j) => Math.abs(v[j] as number) + (spreadOfMean[j] as number));
    const heightFactor = offsets.reduce((total, each, j) => total + (v[j] as number) * each, v0);
    const heightSize = offsets.reduce(
      (t, each, j) => t + (sizes[j] as number) * Math.abs(each),
      Math.abs(v0) + spread0,
    );
    addScaled(height.direct, share * heightFactor, share * heightSize);
    values.forEach(({ direct }, j) => {
      addScaled(direct, share * (v[j] as number), share * (sizes[j] as number));
    });
    if (ownLoss) addScaled(ownLoss.direct, 1, 1);
    gradients.forEach((slopes, k) => {
      const byHeight = height.slopes[k] as number;
      const byValue = values.map(({ slopes }) => slopes[k] as number);
      const byLoss = ownLoss?.slopes[k] ?? 0;
      const factor = byValue.reduce((t, each, j) => t + (v[j] as number) * each, heightFactor * byHeight);
      const size = byValue.reduce(
        (t, each, j) => t + (sizes[j] as number) * Math.abs(each),
        heightSize * Math.abs(byHeight),
      );
      addScaled(slopes, share * factor + byLoss, share * size + Math.abs(byLoss));
    });
  }
  return {
    values: Float64Array.from(deltaG?.data ?? []),
    loss:
      (lossNumber?.data[0] as number) +
      counted.reduce((total, { poseLoss }) => total + (poseLoss?.number ?? 0), 0),
    weights: numbers.map(each => w[counted.indexOf(each)] ?? 0),
    sums,
  };
}

function oneHot({ tape }: Value, width: number, k: number): Value {
  return tape.constant(Array.from({ length: width }, (_, each) => (each === k ? 1 : 0)));
}

/**
 * Fails unless each strategy agrees with the definition and with the full graph, for single poses and for groups. The
 * merger of four states that are read from JSON must also agree.
 *
 * @param parts index of the state of each pose, 0 to 3
 * @param posesPerTape size of the groups
 */
export async function expectDefinition<Pose>(
  defined: Defined<Pose>,
  { parts, posesPerTape }: { readonly parts: readonly number[]; readonly posesPerTape: number },
): Promise<void> {
  const { poses, params, score, loss, poseLoss } = defined;
  const losses = {
    ...(loss && { loss: (x: Value, { params }: { readonly params: Values }) => loss(x, params) }),
    ...(poseLoss && { poseLoss: (x: Value, { params }: { readonly params: Values }) => poseLoss(x, params) }),
  };
  const shared = { params, executor: interpreter(), ...losses };
  const options = { ...shared, poses, score, combination: defined.combination() };
  const inGroups = { ...options, score: grouped(score), posesPerTape };
  const expected = definitionOf(defined);
  const graph = await combinePoses({ ...options, strategy: 'full-graph' });
  const size = 1 + largest([...graph.predictions, ...expected.values]);
  const expectGradient = (actual: Params) => {
    for (const [name, { exact, reach }] of Object.entries(expected.sums)) {
      expectClose(actual[name]?.data ?? [], graph.gradient[name]?.data ?? [], 1e-12, reach);
      expectClose(actual[name]?.data ?? [], exact, 1e-12, reach);
    }
  };
  for (const run of strategies.flatMap(strategy => [
    () => combinePoses({ ...options, strategy }),
    () => combinePoses({ ...inGroups, strategy }),
  ])) {
    const result = await run();
    expect(result.predictions).toEqual(graph.predictions);
    expectClose(result.values ?? [result.value], expected.values, 1e-12, size ** (result.values ? 2 : 1));
    if (loss || poseLoss)
      expectClose(result.loss ?? Number.NaN, expected.loss, 1e-12, poses.length * size ** 2);
    expectClose(result.weights, expected.weights, 1e-12, 1);
    expectClose(result.coefficients, graph.coefficients, 1e-12, 1 + largest(graph.coefficients));
    expectClose(result.stats.effectiveSampleSize ?? 0, graph.stats.effectiveSampleSize ?? 0, 1e-12);
    expect(result.stats.poses).toBe(graph.stats.poses);
    expectGradient(result.gradient);
  }

  const states: Accumulator[] = [];
  for (const part of [0, 1, 2, 3]) {
    const indices = [...poses.keys()].filter(n => parts[n] === part);
    // accumulatePoses has no option `loss`.
    const { loss: _, ...scoring } = { loss: undefined, ...shared };
    const each = {
      ...scoring,
      poses: indices.map(n => poses[n] as Pose),
      combination: defined.combination(index => indices[index] as number),
    };
    const { state } =
      part % 2
        ? await accumulatePoses({ ...each, score })
        : await accumulatePoses({ ...each, score: grouped(score), posesPerTape });
    states.push(options.combination.accumulator(JSON.parse(JSON.stringify(state))));
  }
  const merged = states.reduce((sum, state) => state.merge(sum));
  const finished = finish(merged, { ...losses, combination: options.combination, params });
  expectClose(finished.values ?? [finished.value], expected.values, 1e-12, size ** (finished.values ? 2 : 1));
  expectGradient(finished.gradient);
}
