import fc from 'fast-check';
import { interpreter, type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  accumulatePoses,
  attention,
  boltzmann,
  type Combination,
  type CombineResult,
  combinePoses,
  finish,
  freeEnergy,
  gated,
  lse,
  mean,
  pooling,
  powerMean,
  spread,
} from 'posetape/combine';
import { add, div, exp, mul, neg, slice, square, sub, sum, tanh } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { magnitudes, several, slopes } from './arbitraries.ts';
import { combineKnown, type KnownOptions, type KnownPose, posesOf, strategies } from './known-poses.ts';
import { reachOf } from './textbook.ts';

interface WeightedPose extends KnownPose {
  readonly weight: number;
}

/** Poses with energies up to ±20. Some of their weights may be 0, but not all. */
const weightedPoses: fc.Arbitrary<WeightedPose[]> = several(
  fc.record({
    energy: evenly(-20, 20),
    slope: slopes,
    weight: fc.oneof(fc.constantFrom(0, 1), evenly(0.01, 9)),
  }),
  24,
).map(poses =>
  poses.some(({ weight }) => weight > 0) ? poses : poses.map(each => ({ ...each, weight: 1 })),
);

const weight = (pose: WeightedPose) => pose.weight;

/** θ of the scorer, and ln kT, which only the pooling reads. */
const params = (kT: number) => ({ w: tensor([0, 0, 0]), logKT: tensor(Math.log(kT)) });
type Params = ReturnType<typeof params>;
type LearnedKT = { readonly logKT: Value };
const learned = ({ logKT }: LearnedKT) => exp(logKT);

function score(tape: Tape, { w }: { readonly w: Value }, { energy, slope }: KnownPose): Value {
  return add(sum(mul(w, tape.constant(slope))), energy);
}

function combine(
  combination: Combination,
  poses: readonly WeightedPose[],
  kT: number,
  strategy?: KnownOptions['strategy'],
): Promise<CombineResult<Params>> {
  const options = { poses, params: params(kT), score, combination, executor: interpreter() };
  return combinePoses(strategy ? { ...options, strategy } : options);
}

/**
 * Pairs of equal combinations: one with kT as a number, one with a function that returns it. `mean`, which has no kT, is
 * compared with a pooling.
 */
const pairs: Record<string, (kT: number) => readonly [fixed: Combination, learned: Combination]> = {
  mean: () => [mean({ weight }), pooling({ name: 'mean', weight })],
  boltzmann: kT => [boltzmann({ kT, weight }), boltzmann({ kT: learned, weight })],
  freeEnergy: kT => [freeEnergy({ kT, weight }), freeEnergy({ kT: learned, weight })],
  lse: kT => [lse({ t: 1 / kT, weight }), lse({ t: params => div(1, learned(params as never)), weight })],
  'lse of sign 1': kT => [
    lse({ t: 1 / kT, sign: 1, weight }),
    lse({ t: params => div(1, learned(params as never)), sign: 1, weight }),
  ],
};

describe.each(Object.entries(pairs))('%s', (_name, pairOf) => {
  property(
    'gives the same result for a number and for a function of the parameters that returns it',
    weightedPoses,
    magnitudes(0.05, 20),
    fc.constantFrom(...strategies),
    async (poses, kT, strategy) => {
      const [fixed, pooled] = pairOf(kT);
      const [byNumber, byFunction] = [
        await combine(fixed, poses, kT, strategy),
        await combine(pooled, poses, kT, strategy),
      ];
      expect(byFunction.predictions).toEqual(byNumber.predictions);
      const size = 20 + largest(byNumber.value);
      expectClose(byFunction.value, byNumber.value, 1e-12, size);
      // ℓ = −ΔG/kT is rounded before differences of it are taken. The error grows with the size of ℓ, and so with 1/kT.
      const tolerance = 1e-13 * (1 + 400 / kT);
      expectClose(byFunction.weights, byNumber.weights, tolerance, 1);
      expectClose(byFunction.coefficients, byNumber.coefficients, tolerance, 1 + 40 / kT);
      const sizes = Array.from(byNumber.weights, each => each * (1 + 40 / kT));
      expectClose(
        byFunction.gradient.w,
        byNumber.gradient.w,
        tolerance,
        reachOf(
          sizes,
          poses.map(({ slope }) => slope),
        ),
      );
      expectClose(
        byFunction.stats.effectiveSampleSize ?? 0,
        byNumber.stats.effectiveSampleSize ?? 0,
        tolerance,
        poses.length,
      );
    },
  );

  property('counts a pose of weight n as n poses', weightedPoses, magnitudes(0.05, 20), async (poses, kT) => {
    const rounded = poses.map(each => ({ ...each, weight: Math.round(each.weight) }));
    if (rounded.every(each => each.weight === 0)) return;
    const repeated = rounded.flatMap(each =>
      new Array<WeightedPose>(each.weight).fill({ ...each, weight: 1 }),
    );
    for (const combination of pairOf(kT)) {
      const [weighted, counted] = [
        await combine(combination, rounded, kT),
        await combine(combination, repeated, kT),
      ];
      expectClose(weighted.value, counted.value, 1e-11, 20 + largest(weighted.value));
      const reach = repeated.reduce((total, { slope }) => total + largest(slope), 1) * (1 + 40 / kT);
      expectClose(weighted.gradient.w, counted.gradient.w, 1e-12, reach);
      expectClose(weighted.gradient.logKT, counted.gradient.logKT, 1e-11, 1e3 * (1 + 40 / kT));
    }
  });
});

test('the gradient by the logarithm of a learned kT equals finite differences', async () => {
  const poses = [-1, 0.5, 2].map(energy => ({ energy, slope: [1, energy, 2], weight: 1 + energy ** 2 }));
  for (const [, pairOf] of Object.entries(pairs)) {
    const [, pooled] = pairOf(1);
    const valueAt = async (kT: number) => (await combine(pooled, poses, kT)).value;
    const slope = ((await valueAt(0.7 * Math.exp(1e-5))) - (await valueAt(0.7 * Math.exp(-1e-5)))) / 2e-5;
    for (const strategy of strategies)
      expectClose((await combine(pooled, poses, 0.7, strategy)).gradient.logKT, tensor(slope), 1e-8, 1);
  }
});

describe('compared with numbers computed by hand,', () => {
  const energies = [1, 2, 4];
  const [a, b, c] = energies as [number, number, number];
  const combined = (options: Partial<KnownOptions>) =>
    combineKnown({ poses: posesOf(...energies), ...options });

  test.each(strategies)('named combinations equal their formulas, under %s', async strategy => {
    const value = async (combination: Combination) => (await combined({ combination, strategy })).value;
    expectClose(await value(powerMean({ q: 1 })), 7 / 3, 1e-15);
    expectClose(await value(powerMean({ q: -1 })), 3 / (1 / a + 1 / b + 1 / c), 1e-15);
    expectClose(await value(powerMean({ q: 2 })), Math.sqrt(7), 1e-15);
    const Z = Math.exp(-a) + Math.exp(-b) + Math.exp(-c);
    expectClose(await value(freeEnergy()), -Math.log(Z / 3), 1e-15);
    expectClose(
      await value(freeEnergy({ kT: 2 })),
      -2 * Math.log((Math.exp(-0.5) + Math.exp(-1) + Math.exp(-2)) / 3),
      1e-15,
    );

    const loss: KnownOptions['loss'] = x => sum(mul(x, x.tape.constant([1, 10])));
    const spreads = await combined({ combination: spread(), loss, strategy });
    expectClose(spreads.values ?? [], [7 / 3, 14 / 9], 1e-14);
    expectClose(spreads.loss ?? 0, 7 / 3 + 140 / 9, 1e-14);
    const warm = await combined({ combination: spread({ kT: 1, about: 2 }), loss, strategy });
    const average = (Math.exp(-a) * a + Math.exp(-b) * b + Math.exp(-c) * c) / Z;
    const second = (Math.exp(-a) * a ** 2 + Math.exp(-b) * b ** 2 + Math.exp(-c) * c ** 2) / Z;
    expectClose(warm.values ?? [], [average, second - average ** 2], 1e-14);
    expect(warm.coefficients).toHaveLength(0);
  });

  /** Scorer of a log-weight and an affinity. */
  const twoNumbers = (tape: Tape, { w }: { readonly w: Value }, { energy, slope }: KnownPose) =>
    add(mul(sum(mul(w, tape.constant(slope))), tape.constant([1, -1])), tape.constant([energy, energy ** 2]));

  test.each(strategies)(
    'gated pooling averages the second number by the softmax of the first, under %s',
    async strategy => {
      const result = await combined({ combination: gated(), score: twoNumbers, strategy });
      const e = energies.map(Math.exp);
      const Z = e.reduce((total, each) => total + each);
      const w = e.map(each => each / Z);
      const value = w.reduce((total, each, n) => total + each * (energies[n] as number) ** 2, 0);
      expectClose(result.value, value, 1e-15);
      expectClose(result.weights, w, 1e-15);
      expect(result.predictions).toEqual(Float64Array.of(a, a * a, b, b * b, c, c * c));
      const coefficients = w.flatMap((each, n) => [each * ((energies[n] as number) ** 2 - value), each]);
      expectClose(result.coefficients, coefficients, 1e-14);
      const slope = [0, 1, 2].map(i =>
        w.reduce((total, each, n) => {
          const g = n ** i;
          return total + each * ((energies[n] as number) ** 2 - value) * g - each * g;
        }, 0),
      );
      expectClose(result.gradient.w.data, slope, 1e-14);
      expectClose(
        result.stats.effectiveSampleSize ?? 0,
        1 / w.reduce((total, each) => total + each ** 2, 0),
        1e-14,
      );
    },
  );

  test('attention over embeddings has a head after the pool', async () => {
    const poses = [0.3, -0.6, 1.1, 0.4];
    const theta: Record<'embed' | 'query' | 'out', Tensor> = {
      embed: tensor([0.5, -1, 0.25]),
      query: tensor([1, 2, -1]),
      out: tensor([0.3, -0.2, 0.9]),
    };
    type Theta = Record<keyof typeof theta, Value>;
    const answers = [];
    for (const strategy of strategies) {
      answers.push(
        await combinePoses({
          poses,
          params: theta,
          score: (_tape, { embed }, pose) => tanh(mul(pose, embed)),
          combination: attention<number, Theta>({
            logWeight: (z, { query }) => sum(mul(query, z)),
            head: (average, { out }) => sum(mul(out, square(average))),
          }),
          strategy,
        }),
      );
    }
    const z = poses.map(
      pose => [0.5, -1, 0.25].map(embed => Math.tanh(pose * embed)) as [number, number, number],
    );
    const e = z.map(([x, y, u]) => Math.exp(x + 2 * y - u));
    const Z = e.reduce((total, each) => total + each);
    const average = (k: 0 | 1 | 2) => z.reduce((total, row, n) => total + ((e[n] as number) / Z) * row[k], 0);
    const expected = 0.3 * average(0) ** 2 - 0.2 * average(1) ** 2 + 0.9 * average(2) ** 2;
    for (const { value, gradient } of answers) {
      expectClose(value, expected, 1e-14);
      expectClose(gradient.out.data, [average(0) ** 2, average(1) ** 2, average(2) ** 2], 1e-14);
      for (const name of ['embed', 'query'] as const)
        expectClose(gradient[name], answers[0]?.gradient[name] as Tensor, 1e-14);
    }
  });
});

describe('the default strategy of a pooling', () => {
  const wide = (width: number): Partial<KnownOptions> => ({
    score: (tape, { w }, { energy }) =>
      add(mul(slice(w, 0, 1), tape.constant(new Array(width).fill(0.5))), energy),
    combination: pooling({ name: 'wide', value: ({ mean }) => sum(mean) }),
  });

  test('is stream for up to four numbers, and recompute for more if poses can be read twice and predictions are kept', async () => {
    const strategyOf = async (options: Partial<KnownOptions>) =>
      (await combineKnown({ poses: posesOf(-1, -2, -4), ...options })).stats.strategy;
    expect(await strategyOf(wide(4))).toBe('stream');
    expect(await strategyOf(wide(5))).toBe('recompute');
    expect(await strategyOf({ ...wide(5), poses: posesOf(-1, -2, -4).values() })).toBe('stream');
    expect(await strategyOf({ ...wide(5), strategy: 'stream' })).toBe('stream');
    expect(await strategyOf({ ...wide(5), keepPredictions: false })).toBe('stream');
    const values = (z: Value) => mul(z, z.tape.constant([1, 2, 3, 4, 5]));
    const many = pooling({ name: 'many', values, value: ({ mean }) => sum(mean) });
    expect(await strategyOf({ combination: many })).toBe('recompute');
  });
});

test('the state of a pooling with J values is 1 + J sums of the size of θ, and one more for poseLosses', async () => {
  const stateOf = async (values: number, options: Partial<KnownOptions> = {}) => {
    const combination = pooling({
      name: 'pool',
      logWeight: z => neg(z),
      values: values > 0 && (z => mul(z, z.tape.constant(new Array(values).fill(1)))),
      value: ({ mean, logSum }) => (values > 0 ? sum(mean) : logSum),
    });
    // Poses of this scorer take more memory than the state.
    const score: KnownOptions['score'] = (tape, { w }, { energy }) =>
      add(sum(mul(sum(w), tape.constant(new Array(100).fill(0.1)))), energy);
    const peak = async (count: number) =>
      (
        await combineKnown({
          poses: posesOf(...new Array(count).fill(-1)),
          combination,
          score,
          strategy: 'stream',
          ...options,
        })
      ).stats.peakBytes;
    // The state is created only after the first pose has run.
    const [one, two, many] = [await peak(1), await peak(2), await peak(50)];
    expect(many).toBe(two);
    return two - one;
  };
  for (const values of [0, 1, 2, 3, 4]) expect(await stateOf(values)).toBe((1 + values) * 24);
  const poseLoss = (x: Value) => square(sub(x, 1));
  expect(await stateOf(2, { poseLoss })).toBe((1 + 2 + 1) * 24);
});

describe('poses of a pooling whose weight underflows', () => {
  const pool = pooling({ name: 'pool', logWeight: z => mul(-100, z) });
  test('need no backward pass: under stream after a better pose, under recompute always', async () => {
    const skipped = async (energies: number[], options: Partial<KnownOptions> = {}) =>
      (await combineKnown({ poses: posesOf(...energies), combination: pool, ...options })).stats
        .backwardSkipped;
    expect(await skipped([-30, -20, -10])).toBe(2);
    expect(await skipped([-20, -10, -30])).toBe(1);
    expect(await skipped([-10, -20, -30])).toBe(0);
    expect(await skipped([-10, -20, -30], { strategy: 'recompute' })).toBe(2);
    expect(await skipped([-30, -20, -10], { poseLoss: x => square(x) })).toBe(0);
  });

  test('do not change the answer', async () => {
    const [best, all] = [posesOf(-30), posesOf(-30, -20, -10)];
    const [ofBest, ofAll] = [
      await combineKnown({ poses: best, combination: pool }),
      await combineKnown({ poses: all, combination: pool }),
    ];
    expect([ofAll.value, ofAll.gradient]).toEqual([ofBest.value, ofBest.gradient]);
  });
});

describe('combinations reject', () => {
  async function expectError(options: Partial<KnownOptions>, message: RegExp): Promise<void> {
    for (const strategy of strategies)
      await expect(combineKnown({ poses: posesOf(-1, -2, -3), strategy, ...options })).rejects.toThrow(
        message,
      );
  }

  test.each([
    ['negative', -1, /boltzmann: the weight of pose 1 is -1; it must be a finite number from 0/],
    ['NaN', Number.NaN, /boltzmann: the weight of pose 1 is NaN/],
    ['infinite', Infinity, /boltzmann: the weight of pose 1 is Infinity/],
    ['a text', '2', /boltzmann: the weight of pose 1 is 2; it must be a number/],
  ])('a weight that is %s', async (_what, weight, message) => {
    const combination = boltzmann({ weight: (_pose, index) => (index === 1 ? (weight as number) : 1) });
    await expectError({ combination }, message);
  });

  test('weights that are all 0', async () => {
    await expectError({ combination: mean({ weight: () => 0 }) }, /all 3 poses have weight 0/);
    const spoiled: Partial<KnownOptions> = {
      combination: mean({ weight: (_pose, index) => index }),
      poses: [{ energy: -1, slope: [1] }, ...posesOf(Number.NaN, Number.NaN)],
      score: (tape, { w }, { energy }) => add(sum(w), tape.constant(energy)),
      badPose: 'skip',
    };
    await expectError(spoiled, /all 3 poses are bad or have weight 0; pose 1: its prediction is NaN/);
  });

  test('a bad pose only if its weight is above 0; a pose of weight 0 is neither scored nor counted', async () => {
    for (const strategy of strategies) {
      const scored: number[] = [];
      const result = await combineKnown({
        poses: posesOf(-1, Number.NaN, -4),
        combination: mean({ weight: (_pose, index) => (index === 1 ? 0 : 1) }),
        score(tape, { w }, { energy }) {
          scored.push(energy);
          return add(sum(w), tape.constant(energy));
        },
        strategy,
      });
      expect(result.value).toBe(-2.5);
      expect([...result.predictions, ...result.weights]).toEqual([-1, Number.NaN, -4, 0.5, 0, 0.5]);
      expect(result.stats).toMatchObject({ poses: 2, badPoses: [], effectiveSampleSize: 2 });
      expect(scored).not.toContain(Number.NaN);
    }
  });

  const two: Partial<KnownOptions> = {
    score: (tape, { w }, { energy }) => add(slice(w, 0, 2), tape.constant([energy, 1])),
  };
  test.each<[string, Partial<KnownOptions>, RegExp]>([
    [
      'a score of [2] for a combination of one number',
      { ...two, combination: lse() },
      /pose 0: score must return a single number/,
    ],
    [
      'a score of [1, 2]',
      { score: (tape, { w }) => mul(sum(w), tape.constant([[1, 2]])), combination: gated() },
      /pose 0: score must return one number or a list of K .* got shape \[1, 2\]/,
    ],
    [
      'a scalar score for gated()',
      { combination: gated() },
      /gated: score must return a log-weight and a value/,
    ],
    [
      'a log-weight of [2]',
      { ...two, combination: pooling({ name: 'mine', logWeight: z => z }) },
      /mine: logWeight must return a single number .* got shape \[2\]/,
    ],
    [
      'a log-weight that is text',
      { combination: pooling({ name: 'mine', logWeight: () => 'x' as never }) },
      /mine: logWeight must return a value on its tape, got string/,
    ],
    [
      'a log-weight that was not returned',
      { combination: pooling({ name: 'mine', logWeight: () => undefined as never }) },
      /mine: logWeight must return a value on its tape, got undefined/,
    ],
    [
      'values that were not returned',
      { combination: pooling({ name: 'mine', values: () => undefined as never }) },
      /mine: values must return a value on its tape, got undefined/,
    ],
    [
      'values of [1, 3]',
      { combination: pooling({ name: 'mine', values: z => mul(z, z.tape.constant([[1, 2, 3]])) }) },
      /mine: values must return one number or a list of them, got shape \[1, 3\]/,
    ],
    [
      'a value that is a number',
      { combination: pooling({ name: 'mine', value: () => 7 as never }) },
      /mine: value must return a value on its tape, got number/,
    ],
    [
      'several numbers and no loss',
      { combination: spread() },
      /spread gives shape \[2\]; add a loss or a readout/,
    ],
    [
      'a number of values that changes from pose to pose',
      {
        combination: pooling({
          name: 'mine',
          values: (z, { index }) => mul(z, z.tape.constant(new Array(1 + (index % 2)).fill(1))),
          value: ({ mean }) => sum(mean),
        }),
      },
      /values/,
    ],
  ])('%s', async (_what, options, message) => {
    await expectError(options, message);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['a pooling without a name', () => pooling({} as never), /pooling: name must be a non-empty string/],
    [
      'a misspelt option of a pooling',
      () => pooling({ name: 'x', valeus: 1 } as never),
      /pooling: no option valeus; options are/,
    ],
    [
      'no values and no value',
      () => pooling({ name: 'x', values: false }),
      /x: values: false needs the option value/,
    ],
    [
      'a weight that is no function',
      () => mean({ weight: 3 as never }),
      /mean: weight must be a function, got number/,
    ],
    ['q of 0', () => powerMean({ q: 0 }), /powerMean: q must be a finite number other than 0/],
    ['a misspelt option of mean()', () => mean({ wieght: 3 } as never), /mean: no option wieght/],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(message);
  });

  const constant =
    (...numbers: number[]) =>
    ({ w }: { readonly w: Value }) =>
      w.tape.constant(numbers);
  test.each<[string, Combination, RegExp]>([
    [
      'kT of 0',
      boltzmann({ kT: constant(0) }),
      /^boltzmann: kT must be a finite number above 0, .* it is 0$/,
    ],
    ['kT below 0', freeEnergy({ kT: constant(-0.6) }), /^freeEnergy: kT must be .* above 0, .* it is -0.6$/],
    ['kT of NaN', spread({ kT: constant(Number.NaN) }), /^spread: kT must be .* above 0, .* it is NaN$/],
    ['t below 0', lse({ t: constant(-2) }), /^lse: t must be a finite number above 0, .* it is -2$/],
    [
      'q of 0',
      powerMean({ q: constant(0) }),
      /^powerMean: q must be a finite number other than 0, .* it is 0$/,
    ],
    [
      'kT that is a plain number',
      boltzmann({ kT: () => 3 as never }),
      /^boltzmann: kT must return a value on its tape/,
    ],
    ['kT of two numbers', boltzmann({ kT: constant(1, 2) }), /^boltzmann: kT must return a single number/],
  ])('a learned %s', async (_what, combination, message) => {
    await expectError({ combination }, message);
  });

  test('a learned kT that is negative when a state is finished', async () => {
    const combination = boltzmann({ kT: ({ w }: { readonly w: Value }) => slice(w, 0, 1) });
    const params = { w: tensor([0.6, 0, 0]) };
    const scoring = { score, combination, executor: interpreter() };
    const { state } = await accumulatePoses({ ...scoring, params, poses: posesOf(-1) });
    const finishOptions = { combination, params: { w: tensor([-0.6, 0, 0]) } };
    expect(() => finish(state, finishOptions)).toThrow(/^boltzmann: kT must be .* above 0, .* it is -0.6$/);
  });

  test('poses whose log-weight is not finite, as bad poses', async () => {
    const combination = pooling({
      name: 'mine',
      logWeight: (z, { index }) => (index === 1 ? Number.NaN : neg(z)),
    });
    for (const strategy of strategies) {
      const { stats, value } = await combineKnown({
        poses: posesOf(-1, -2, -1),
        combination,
        strategy,
        badPose: 'skip',
      });
      expect(value).toBe(-1);
      expect(stats.badPoses).toEqual([{ index: 1, reason: 'its log-weight is NaN' }]);
    }
  });
});
