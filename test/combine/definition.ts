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
 * The definition of a pooling, summed as it is written, with the size of what each entry of the gradient is the sum of; and the
 * law that every way through the poses keeps it.
 */

export type Params = Readonly<Record<string, Tensor>>;
export type Values = Readonly<Record<string, Value>>;
type Options<Pose> = CombineOptions<Pose, Params>;

/** A pooling to be held to its definition. */
export interface Defined<Pose> {
  readonly poses: readonly Pose[];
  readonly params: Params;
  readonly score: Options<Pose>['score'];
  /** The definition. */
  readonly pool: Pick<PoolingOptions<Pose, Values>, 'logWeight' | 'values' | 'value'>;
  readonly weight?: ((pose: Pose) => number) | undefined;
  /** The combination, given how to find the place of a pose among all of that among those it is given. */
  combination(placeOf?: (index: number) => number): Combination;
  readonly loss?: ((prediction: Value, params: Values) => Value) | undefined;
  readonly poseLoss?: ((prediction: Value, params: Values) => Value) | undefined;
}

/** A number of a pose with its slope in each of the K numbers of the score, and in each parameter at fixed score. */
interface Sloped {
  readonly number: number;
  readonly slopes: Float64Array;
  readonly direct: Params;
}

interface PoseNumbers {
  readonly weight: number;
  readonly height: Sloped;
  readonly values: readonly Sloped[];
  readonly own: Sloped | undefined;
  /** g_nk by parameter name. */
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
  const given = onTape(tape, params);
  const names = Object.keys(params);
  const scored = score(tape, given, pose);
  const width = scored.shape[0] ?? 1;
  const gradients = Array.from({ length: width }, (_, k) => {
    const number = scored.shape.length === 0 ? scored : slice(scored, k, k + 1);
    const slopes = evaluate(gradient(reshape(number, []), Object.values(given)));
    return Object.fromEntries(names.map((name, at) => [name, slopes[at] as Tensor]));
  });

  // The pooling alone, of the score as a number.
  const after = new Tape();
  const z = after.parameter(evaluate([scored])[0]);
  const own = onTape(after, params);
  const context = { params: own, pose, index };
  const valued = (each: Value | number) => (typeof each === 'number' ? after.constant(each) : each);
  const sloped = (value: Value): Sloped => {
    const [number, slopes, ...direct] = evaluate([value, ...gradient(value, [z, ...Object.values(own)])]);
    return {
      number: number?.data[0] as number,
      slopes: slopes?.data as Float64Array,
      direct: Object.fromEntries(names.map((name, at) => [name, direct[at] as Tensor])),
    };
  };
  const p = pool.values === false ? undefined : valued(pool.values ? pool.values(z, context) : z);
  const m = p ? (p.shape[0] ?? 1) : 0;
  const list = p && reshape(p, [m]);
  return {
    weight: weight?.(pose) ?? 1,
    height: sloped(reshape(valued(pool.logWeight?.(z, context) ?? 0), [])),
    values: Array.from({ length: m }, (_, j) => sloped(reshape(slice(list as Value, j, j + 1), []))),
    own: poseLoss && sloped(reshape(poseLoss(z, own), [])),
    gradients,
  };
}

interface Definition {
  readonly values: Float64Array;
  readonly loss: number;
  readonly weights: readonly number[];
  readonly sums: Readonly<Record<string, { readonly exact: Float64Array; readonly reach: Float64Array }>>;
}

export function definitionOf<Pose>(defined: Defined<Pose>): Definition {
  const { params, pool, loss, poseLoss, poses } = defined;
  const counted = poses.map((pose, n) => numbersOf(defined, pose, n)).filter(({ weight }) => weight > 0);
  const r = Math.max(...counted.map(({ height }) => height.number));
  const e = counted.map(({ weight, height }) => weight * Math.exp(height.number - r));
  const S = e.reduce((total, each) => total + each, 0);
  const w = e.map(each => each / S);
  const m = counted[0]?.values.length ?? 0;
  const numberAt = (n: number, j: number) => counted[n]?.values[j]?.number ?? 0;
  const weighted = (of: (n: number) => number) => w.reduce((total, each, n) => total + each * of(n), 0);
  // From the first pose on, as energies of 1e4 leave too few digits.
  const means = Array.from(
    { length: m },
    (_, j) => numberAt(0, j) + weighted(n => numberAt(n, j) - numberAt(0, j)),
  );
  const tape = new Tape();
  const mean = tape.parameter(tensor(means));
  const logSum = tape.parameter(tensor(r + Math.log(S)));
  const given = onTape(tape, params);
  const count = counted.reduce((total, { weight }) => total + weight, 0);
  // Where all log-weights are near 0, log Z − ln N has digits of its own.
  const logMean = counted.reduce(
    (total, { weight, height }) => total + weight * Math.expm1(height.number - r),
    0,
  );
  const ownNumber = logMean > -count / 2 ? Math.log1p(logMean / count) : Math.log(S / count);
  const pooled = { mean, logSum, logMean: tape.parameter(tensor(r + ownNumber)), count };
  const value = pool.value ? pool.value(pooled, { params: given }) : mean;
  const target = loss ? loss(value, given) : poseLoss ? tape.constant(0) : reshape(value, []);
  const slopes = gradient(target, [mean, logSum, pooled.logMean, ...Object.values(given)]);
  const [delta, lost, ofMean, ofLogSum, ofLogMean, ...direct] = evaluate([value, target, ...slopes]);
  const v = [...(ofMean?.data ?? [])];
  const v0 = (ofLogSum?.data[0] as number) + (ofLogMean?.data[0] as number);

  // Averages are known to the digits of what they are sums of, and what follows the pool hangs on them.
  const digits = means.map((_, j) => weighted(n => Math.abs(numberAt(n, j))));
  const heights = Math.max(...counted.map(({ height }) => Math.abs(height.number)), Math.abs(Math.log(S)));
  const spreads = slopes.map(slope => {
    const size = slope.shape.reduce((product, length) => product * length, 1);
    return Float64Array.from({ length: size }, (_, i) => {
      const entry = sum(mul(reshape(slope, [size]), oneHot(slope, size, i)));
      const [byMean, byLogSum, byLogMean] = evaluate(gradient(entry, [mean, logSum, pooled.logMean]));
      const byHeight = Math.abs(byLogSum?.data[0] ?? 0) + Math.abs(byLogMean?.data[0] ?? 0);
      return digits.reduce((t, each, j) => t + each * Math.abs(byMean?.data[j] ?? 0), heights * byHeight);
    });
  });
  const [spreadOfMean, spreadOfLogSum, spreadOfLogMean, ...spreadsOfParams] = spreads as [
    Float64Array,
    Float64Array,
    Float64Array,
    ...Float64Array[],
  ];
  const spread0 = (spreadOfLogSum[0] as number) + (spreadOfLogMean[0] as number);

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
  const put = (all: Params, factor: number, size: number) => {
    for (const [name, { data }] of Object.entries(all)) {
      const { exact, reach } = sums[name] as { exact: Float64Array; reach: Float64Array };
      for (let i = 0; i < data.length; i++) {
        (exact[i] as number) += factor * (data[i] as number);
        (reach[i] as number) += size * Math.abs(data[i] as number);
      }
    }
  };
  for (const [n, { height, values, own, gradients }] of counted.entries()) {
    const share = w[n] as number;
    const above = values.map((_, j) => weighted(i => numberAt(n, j) - numberAt(i, j)));
    const sizes = values.map((_, j) => Math.abs(v[j] as number) + (spreadOfMean[j] as number));
    const ofHeight = above.reduce((total, each, j) => total + (v[j] as number) * each, v0);
    const heightSize = above.reduce(
      (t, each, j) => t + (sizes[j] as number) * Math.abs(each),
      Math.abs(v0) + spread0,
    );
    put(height.direct, share * ofHeight, share * heightSize);
    values.forEach(({ direct }, j) => {
      put(direct, share * (v[j] as number), share * (sizes[j] as number));
    });
    if (own) put(own.direct, 1, 1);
    gradients.forEach((slopes, k) => {
      const byHeight = height.slopes[k] as number;
      const byValue = values.map(({ slopes }) => slopes[k] as number);
      const byOwn = own?.slopes[k] ?? 0;
      const factor = byValue.reduce((t, each, j) => t + (v[j] as number) * each, ofHeight * byHeight);
      const size = byValue.reduce(
        (t, each, j) => t + (sizes[j] as number) * Math.abs(each),
        heightSize * Math.abs(byHeight),
      );
      put(slopes, share * factor + byOwn, share * size + Math.abs(byOwn));
    });
  }
  return {
    values: Float64Array.from(delta?.data ?? []),
    loss: (lost?.data[0] as number) + counted.reduce((total, { own }) => total + (own?.number ?? 0), 0),
    weights: w,
    sums,
  };
}

function oneHot({ tape }: Value, width: number, k: number): Value {
  return tape.constant(Array.from({ length: width }, (_, each) => (each === k ? 1 : 0)));
}

/**
 * Holds each strategy, groups of this size, and states of four parts that went through JSON and were merged, to the definition
 * and to the full graph.
 *
 * @param parts the part of each pose, 0 to 3
 */
export async function expectDefinition<Pose>(
  defined: Defined<Pose>,
  { parts, posesPerTape }: { readonly parts: readonly number[]; readonly posesPerTape: number },
): Promise<void> {
  const { poses, params, score, loss, poseLoss } = defined;
  const closing = {
    ...(loss && { loss: (x: Value, { params }: { readonly params: Values }) => loss(x, params) }),
    ...(poseLoss && { poseLoss: (x: Value, { params }: { readonly params: Values }) => poseLoss(x, params) }),
  };
  const shared = { params, executor: interpreter(), ...closing };
  const options = { ...shared, poses, score, combination: defined.combination() };
  const inGroups = { ...options, score: grouped(score), posesPerTape };
  const expected = definitionOf(defined);
  const graph = await combinePoses({ ...options, strategy: 'full-graph' });
  const size = 1 + largest([...graph.predictions, ...expected.values]);
  const expectGradient = (found: Params) => {
    for (const [name, { exact, reach }] of Object.entries(expected.sums)) {
      expectClose(found[name]?.data ?? [], graph.gradient[name]?.data ?? [], 1e-12, reach);
      expectClose(found[name]?.data ?? [], exact, 1e-12, reach);
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
    const isCounted = (weight: number) => weight > 0;
    expectClose(result.weights.filter(isCounted), expected.weights.filter(isCounted), 1e-12, 1);
    expectClose(result.coefficients, graph.coefficients, 1e-12, 1 + largest(graph.coefficients));
    expectClose(result.stats.effectiveSampleSize ?? 0, graph.stats.effectiveSampleSize ?? 0, 1e-12);
    expect(result.stats.poses).toBe(graph.stats.poses);
    expectGradient(result.gradient);
  }

  const states: Accumulator[] = [];
  for (const part of [0, 1, 2, 3]) {
    const places = [...poses.keys()].filter(n => parts[n] === part);
    const { loss: _, ...scoring } = { loss: undefined, ...shared };
    const each = {
      ...scoring,
      poses: places.map(n => poses[n] as Pose),
      combination: defined.combination(index => places[index] as number),
    };
    const { state } =
      part % 2
        ? await accumulatePoses({ ...each, score })
        : await accumulatePoses({ ...each, score: grouped(score), posesPerTape });
    states.push(options.combination.accumulator(JSON.parse(JSON.stringify(state))));
  }
  const whole = states.reduce((sofar, state) => state.merge(sofar));
  const closed = finish(whole, { ...closing, combination: options.combination, params });
  expectClose(closed.values ?? [closed.value], expected.values, 1e-12, size ** (closed.values ? 2 : 1));
  expectGradient(closed.gradient);
}
