import fc from 'fast-check';
import {
  type Executor,
  evaluate,
  gradient,
  interpreter,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import {
  type Accumulator,
  accumulatePoses,
  type Combination,
  type CombineOptions,
  combinePoses,
  finish,
  type PoolContext,
  type PoolingOptions,
  pooling,
} from 'posetape/combine';
import * as ops from 'posetape/ops';
import { add, mul, reshape, slice, square, sub, sum, tanh } from 'posetape/ops';
import { describe, expect } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { type Pose as ProgramPose, paramsOf, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';
import { several } from './arbitraries.ts';
import { grouped, strategies } from './known-poses.ts';

/*
 * Random poolings: log-weight, values and the value after the pool are random programs each, and so is the score of K
 * numbers. The full graph of all poses is what the others are held to.
 */

type Params = Readonly<Record<string, Tensor>>;
type Values = Readonly<Record<string, Value>>;

interface Pose {
  /** Of the scorer's program. */
  readonly atoms: ProgramPose;
  /** ΔG_n lies about it. */
  readonly energy: number;
  readonly weight: number;
}

const unit = evenly(-2, 2);
const atoms: fc.Arbitrary<ProgramPose> = several(
  fc.record({ number: unit, features: fc.tuple(unit, unit, unit), pick: fc.nat(11) }),
  3,
);
const poseArbitrary = (energies: fc.Arbitrary<number>): fc.Arbitrary<Pose> =>
  fc.record({
    atoms,
    energy: energies,
    weight: fc.oneof(fc.constantFrom(0, 1, 1, 3), evenly(0.01, 5)),
  });

const coefficients = (count: number) => fc.array(evenly(-1, 1), { minLength: count, maxLength: count });

/** The makings of a random pooling. Functions are smooth, with some numbers that θ turns. */
const poolings = fc
  .record({
    width: fc.integer({ min: 1, max: 4 }),
    values: fc.integer({ min: 0, max: 4 }),
    program: programArbitrary({ smooth: true, steps: 4 }),
    factors: coefficients(40),
    tilt: fc.constantFrom('none', 'number', 'score', 'params', 'pose'),
    isWeighted: fc.boolean(),
    /** A pooling whose averages are the value, or with a head that parameters turn. */
    head: fc.constantFrom('first', 'params', 'logSum', 'logMean'),
  })
  .filter(({ values, head }) => values > 0 || head === 'logSum' || head === 'logMean');

type Drawn = typeof poolings extends fc.Arbitrary<infer T> ? T : never;

/** Σ_k factor_k z_k, a number. */
function mixed(z: Value, factors: readonly number[], from: number): Value {
  const width = z.shape[0] ?? 1;
  return sum(
    mul(
      reshape(z, [width]),
      Array.from({ length: width }, (_, k) => factors[(from + k) % 40] as number).reduce(
        (row, factor, k) => add(row, mul(factor, oneHot(z, width, k))),
        z.tape.fill(0, [width]) as Value,
      ),
    ),
  );
}

function oneHot({ tape }: Value, width: number, k: number): Value {
  return tape.constant(Array.from({ length: width }, (_, each) => (each === k ? 1 : 0)));
}

/** Parameters that act after the score alone, and one that acts before it, too. */
const after = { tilt: tensor(0.7), head: tensor([0.4, -0.3]), both: tensor(0.9) };

function optionsOf({ values, factors, tilt, isWeighted, head }: Drawn): PoolingOptions<Pose, Values> {
  return {
    name: 'random',
    ...(tilt !== 'none' && {
      logWeight(z: Value, { params, pose, index }: PoolContext<Pose, Values>) {
        if (tilt === 'number') return index % 3;
        const own = mul(0.3, mixed(z, factors, 0));
        if (tilt === 'score') return own;
        if (tilt === 'pose') return add(own, 0.1 * (pose.energy % 7));
        return add(mul(params.tilt as Value, own), mul(params.both as Value, tanh(own)));
      },
    }),
    values:
      values === 0
        ? false
        : (z, { params }) =>
            ops.concat(
              Array.from({ length: values }, (_, j) => {
                const p = mixed(z, factors, 5 * (j + 1));
                return reshape(j % 2 ? mul(params.both as Value, p) : add(p, tanh(mul(0.1, p))), [1]);
              }),
            ),
    value({ mean, logSum, logMean, count }, { params }) {
      if (head === 'logMean') return mul(params.both as Value, logMean);
      if (head === 'logSum') {
        // Flat enough that its slope does not hang on the last digits of an average of energies of 1e4.
        const averages = values > 0 ? sum(tanh(mul(1e-4, mean))) : 0;
        return add(add(mul(params.both as Value, logSum), averages), Math.log(count));
      }
      if (head === 'first') return slice(mean, 0, 1);
      return add(
        mul(slice(params.head as Value, 0, 1), sum(mean)),
        sum(square(tanh(mul(mul(1e-4, params.tilt as Value), mean)))),
      );
    },
    ...(isWeighted && { weight: (pose: Pose) => pose.weight }),
  };
}

type Options = CombineOptions<Pose, Params>;

function scoring({ width, program, factors }: Drawn, scale: number): Pick<Options, 'params' | 'score'> {
  const params = { ...paramsOf(program), ...after };
  return {
    params,
    score(tape: Tape, values: Values, pose: Pose) {
      const own = Object.keys(paramsOf(program));
      const given = Object.fromEntries(own.map(name => [name, values[name] as Value]));
      const raw = add(record(program, tape, given, pose.atoms), mul(0.5, ops.mean(values.both as Value)));
      // It keeps the gradient of a pose away from 0.
      const linear = own.map(name => mul(0.73, ops.mean(values[name] as Value)));
      const whole = linear.reduce((total, term) => add(total, term), raw);
      const numbers = Array.from({ length: width }, (_, k) =>
        reshape(add(mul(scale * (factors[30 + k] as number), whole), pose.energy), [1]),
      );
      return width === 1 ? (numbers[0] as Value) : ops.concat(numbers);
    },
  };
}

/** Numbers of a pose by the text of the definition, on a tape of its own. */
interface PoseNumbers {
  readonly weight: number;
  /** By each of the K numbers of the score, and by each parameter that the pooling reads. */
  readonly height: { readonly number: number; readonly slopes: Float64Array; readonly direct: Params };
  readonly values: readonly PoseNumbers['height'][];
  /** g_nk by parameter name. */
  readonly gradients: readonly Params[];
}

const named = ['tilt', 'head', 'both'] as const;

function numbersOf(options: Options, drawn: Drawn, pose: Pose, index: number): PoseNumbers {
  const tape = new Tape();
  const names = Object.keys(options.params);
  const params = Object.fromEntries(
    names.map(name => [name, tape.parameter(options.params[name] as Tensor, name)]),
  );
  const score = options.score(tape, params, pose);
  const width = score.shape[0] ?? 1;
  const each = Array.from({ length: width }, (_, k) =>
    score.shape.length === 0 ? score : slice(score, k, k + 1),
  );
  const gradients = each.map(number => {
    const slopes = evaluate(gradient(reshape(number, []), Object.values(params)));
    return Object.fromEntries(names.map((name, at) => [name, slopes[at] as Tensor]));
  });

  // The pooling alone, of the score as a number.
  const after = new Tape();
  const z = after.parameter(evaluate([score])[0]);
  const own = Object.fromEntries(
    named.map(name => [name, after.parameter(options.params[name] as Tensor, name)]),
  );
  const { logWeight, values } = optionsOf(drawn);
  const context = { params: own, pose, index };
  const valued = (given: Value | number) => (typeof given === 'number' ? after.constant(given) : given);
  const numberOf = (value: Value) => {
    const [number, slopes, ...direct] = evaluate([value, ...gradient(value, [z, ...Object.values(own)])]);
    return {
      number: number?.data[0] as number,
      slopes: slopes?.data as Float64Array,
      direct: Object.fromEntries(named.map((name, at) => [name, direct[at] as Tensor])),
    };
  };
  const p = values ? valued(values(z, context)) : undefined;
  return {
    weight: drawn.isWeighted ? pose.weight : 1,
    height: numberOf(reshape(valued(logWeight?.(z, context) ?? 0), [])),
    values: Array.from({ length: drawn.values }, (_, j) =>
      numberOf(reshape(slice(p as Value, j, j + 1), [])),
    ),
    gradients,
  };
}

/** The pooling as its definition has it, with the size of what each entry of the gradient is the sum of. */
function textbook(options: Options, drawn: Drawn) {
  const all = [...(options.poses as Pose[])].map((pose, n) => numbersOf(options, drawn, pose, n));
  const counted = all.filter(({ weight }) => weight > 0);
  const r = Math.max(...counted.map(({ height }) => height.number));
  const e = counted.map(({ weight, height }) => weight * Math.exp(height.number - r));
  const S = e.reduce((total, each) => total + each, 0);
  const w = e.map(each => each / S);
  const numberAt = (n: number, j: number) => counted[n]?.values[j]?.number ?? 0;
  // From the first pose on, as energies of 1e4 leave too few digits.
  const average = (j: number) => {
    return w.reduce((total, each, n) => total + each * (numberAt(n, j) - numberAt(0, j)), numberAt(0, j));
  };
  const means = Array.from({ length: drawn.values }, (_, j) => average(j));
  const aboveMean = (n: number, j: number) =>
    w.reduce((total, each, i) => total + each * (numberAt(n, j) - numberAt(i, j)), 0);
  const tape = new Tape();
  const mean = tape.parameter(tensor(means));
  const logSum = tape.parameter(tensor(r + Math.log(S)));
  const params = Object.fromEntries(
    named.map(name => [name, tape.parameter(options.params[name] as Tensor, name)]),
  );
  const count = counted.reduce((total, { weight }) => total + weight, 0);
  const value = reshape(
    optionsOf(drawn).value?.(
      { mean, logSum, logMean: sub(logSum, Math.log(count)), count },
      { params },
    ) as Value,
    [],
  );
  const target = options.loss ? options.loss(value, { params } as never) : value;
  const slopes = gradient(target, [mean, logSum, ...Object.values(params)]);
  const [delta, ofMean, ofLogSum, ...direct] = evaluate([value, ...slopes]);
  const v = [...(ofMean?.data ?? [])];
  const v0 = ofLogSum?.data[0] as number;

  // Averages are known to the digits of what they are sums of, and what follows the pool hangs on them.
  const digits = means.map((_, j) =>
    w.reduce((total, each, n) => total + each * Math.abs(numberAt(n, j)), 0),
  );
  const heights = Math.max(...counted.map(({ height }) => Math.abs(height.number)));
  const [spreadOfMean, spreadOfLogSum, ...spreads] = slopes.map(slope => {
    const size = slope.shape.reduce((product, length) => product * length, 1);
    return Float64Array.from({ length: size }, (_, i) => {
      const entry = sum(mul(reshape(slope, [size]), oneHot(slope, size, i)));
      const [byMean, byLogSum] = evaluate(gradient(entry, [mean, logSum]));
      const byAverages = digits.reduce((total, each, j) => total + each * Math.abs(byMean?.data[j] ?? 0), 0);
      return byAverages + heights * Math.abs(byLogSum?.data[0] ?? 0);
    });
  });

  const sums: Record<string, { exact: Float64Array; reach: Float64Array }> = {};
  for (const [name, { data }] of Object.entries(options.params))
    sums[name] = { exact: new Float64Array(data.length), reach: new Float64Array(data.length).fill(1e-290) };
  const put = (name: string, data: ArrayLike<number>, factor: number, size: number) => {
    const sum = sums[name] as { exact: Float64Array; reach: Float64Array };
    for (let i = 0; i < data.length; i++) {
      (sum.exact[i] as number) += factor * (data[i] as number);
      (sum.reach[i] as number) += size * Math.abs(data[i] as number);
    }
  };
  named.forEach((name, at) => {
    put(name, direct[at]?.data ?? [], 1, 1);
    const { reach } = sums[name] as { reach: Float64Array };
    (spreads[Object.keys(params).indexOf(name)] as Float64Array).forEach((each, i) => {
      (reach[i] as number) += each;
    });
  });
  for (const [n, pose] of counted.entries()) {
    const share = w[n] as number;
    const above = pose.values.map((_, j) => aboveMean(n, j));
    const height = v0 + above.reduce((total, each, j) => total + (v[j] as number) * each, 0);
    const sizeOf = (j: number) => Math.abs(v[j] as number) + (spreadOfMean?.[j] as number);
    const heightSize =
      Math.abs(v0) +
      (spreadOfLogSum?.[0] as number) +
      above.reduce((total, each, j) => total + sizeOf(j) * Math.abs(each), 0);
    const by = (
      of: (number: PoseNumbers['height']) => number,
      put: (factor: number, size: number) => void,
    ) => {
      const factor =
        height * of(pose.height) + pose.values.reduce((t, value, j) => t + (v[j] as number) * of(value), 0);
      const size =
        heightSize * Math.abs(of(pose.height)) +
        pose.values.reduce((t, value, j) => t + sizeOf(j) * Math.abs(of(value)), 0);
      put(share * factor, share * size);
    };
    pose.gradients.forEach((slopes, k) => {
      by(
        ({ slopes: of }) => of[k] as number,
        (factor, size) => {
          for (const [name, { data }] of Object.entries(slopes)) put(name, data, factor, size);
        },
      );
    });
    for (const name of named) {
      const { length } = options.params[name]?.data ?? [];
      for (let i = 0; i < (length as number); i++) {
        const one = Float64Array.from({ length: length as number }, (_, at) => (at === i ? 1 : 0));
        by(
          ({ direct: of }) => of[name]?.data[i] as number,
          (factor, size) => put(name, one, factor, size),
        );
      }
    }
  }
  return { value: delta?.data[0] as number, weights: w, sums };
}

describe('a random pooling', () => {
  const cases = fc.record({
    parts: fc.array(fc.nat(3), { minLength: 64, maxLength: 64 }),
    drawn: poolings,
    given: fc.oneof(
      several(poseArbitrary(evenly(-3, 3)), 16),
      several(poseArbitrary(evenly(-1e4, 1e4)), 16),
      several(poseArbitrary(evenly(-1e4, 1e4)), 64),
    ),
    hasLoss: fc.boolean(),
    scale: evenly(0.2, 3),
    posesPerTape: fc.integer({ min: 1, max: 12 }),
  });

  property(
    'gives the answer of its definition and of the full graph, by each strategy, groups of any size and any split into states',
    cases,
    async ({ drawn, given, hasLoss, scale, parts, posesPerTape }) => {
      const poses = given.some(({ weight }) => weight > 0) ? given : [{ ...(given[0] as Pose), weight: 1 }];
      const options: Options = {
        poses,
        ...scoring(drawn, scale),
        combination: pooling(optionsOf(drawn)),
        executor: interpreter(),
        ...(hasLoss && {
          loss: (x: Value, { params }: { params: Values }) => square(sub(x, params.tilt as Value)),
        }),
      };
      const expected = textbook(options, drawn);
      const graph = await combinePoses({ ...options, strategy: 'full-graph' });
      const size = 1 + largest(graph.predictions);
      const { score: scoreOne, ...others } = options;
      const inGroups = { ...others, score: grouped(scoreOne), posesPerTape };
      for (const run of strategies.flatMap(strategy => [
        () => combinePoses({ ...options, strategy }),
        () => combinePoses({ ...inGroups, strategy }),
      ])) {
        const result = await run();
        expect(result.predictions).toEqual(graph.predictions);
        expectClose(result.value, expected.value, 1e-12, size);
        expectClose(result.loss ?? 0, graph.loss ?? 0, 1e-12, size ** 2);
        expectClose(
          result.weights.filter(weight => weight > 0),
          expected.weights.filter(weight => weight > 0),
          1e-12,
          1,
        );
        expectClose(result.coefficients, graph.coefficients, 1e-12, 1 + largest(graph.coefficients));
        const { effectiveSampleSize = 0 } = graph.stats;
        expectClose(result.stats.effectiveSampleSize ?? 0, effectiveSampleSize, 1e-12);
        expect(result.stats.poses).toBe(graph.stats.poses);
        for (const [name, { exact, reach }] of Object.entries(expected.sums)) {
          expectClose(result.gradient[name]?.data ?? [], graph.gradient[name]?.data ?? [], 1e-12, reach);
          expectClose(result.gradient[name]?.data ?? [], exact, 1e-12, reach);
        }
      }

      const { params, score, combination, executor, loss } = options;
      const states: Accumulator[] = [];
      for (const part of [0, 1, 2, 3]) {
        const shard = poses.filter((_, n) => parts[n] === part);
        const own = optionsOf(drawn);
        // Callbacks are told the place among all.
        const places = [...poses.keys()].filter(n => parts[n] === part);
        const placed = {
          ...own,
          ...(own.logWeight && {
            logWeight: (z: Value, context: PoolContext<Pose, Values>) =>
              own.logWeight?.(z, { ...context, index: places[context.index] as number }) ?? 0,
          }),
        };
        const shared = { poses: shard, params, combination: pooling(placed), executor: executor as Executor };
        const { state } =
          part % 2
            ? await accumulatePoses({ ...shared, score })
            : await accumulatePoses({ ...shared, score: grouped(score), posesPerTape });
        states.push((combination as Combination).accumulator(JSON.parse(JSON.stringify(state))));
      }
      const whole = states.reduce((sofar, state) => state.merge(sofar));
      const closed = finish(whole, {
        combination: combination as Combination,
        params,
        ...(loss && { loss }),
      });
      expectClose(closed.value, expected.value, 1e-12, size);
      for (const [name, { exact, reach }] of Object.entries(expected.sums))
        expectClose(closed.gradient[name]?.data ?? [], exact, 1e-12, reach);
    },
  );
});
