import fc from 'fast-check';
import { tensor } from 'posetape';
import {
  type Accumulator,
  type AccumulatorJSON,
  boltzmann,
  type Combination,
  freeEnergy,
  lse,
  mean,
  type PoseTerm,
} from 'posetape/combine';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { combinations, energies, several, slopes } from './arbitraries.ts';
import type { KnownPose } from './known-poses.ts';
import { reachOf, sharesOf, weighted } from './textbook.ts';

/** Arguments of `add` for one pose. */
interface Term extends KnownPose, Required<Omit<PoseTerm, 'poseLossDirect' | 'weight'>> {}

const term: fc.Arbitrary<Term> = fc.record({
  energy: energies,
  slope: slopes,
  poseLoss: evenly(-5, 5),
  poseLossGradient: fc.oneof(fc.constant(0), evenly(-5, 5)),
});

function gradientOf({ energy, slope }: KnownPose) {
  return { w: tensor([...slope]), depth: tensor(energy) };
}

function accumulated(combination: Combination, terms: readonly Term[]): Accumulator {
  const accumulator = combination.accumulator();
  for (const each of terms) accumulator.add(each.energy, gradientOf(each), each);
  return accumulator;
}

function throughJSON(accumulator: Accumulator): AccumulatorJSON {
  return JSON.parse(JSON.stringify(accumulator));
}

function bytesIn(sum: { readonly data: Float64Array } | undefined): number[] {
  return [...new Uint8Array((sum?.data ?? new Float64Array()).slice().buffer)];
}

/** Fails unless two states are equal to the bit. It compares their JSON, which holds the bytes of all numbers. */
function expectSameBits(actual: Accumulator, expected: Accumulator): void {
  expect(actual.toJSON()).toEqual(expected.toJSON());
}

/** Fails unless two results are equal, up to the rounding of sums that are added in another order. */
function expectSameSums(
  combination: Combination,
  terms: readonly Term[],
  actual: Accumulator,
  expected: Accumulator,
): void {
  const [result, reference] = [actual.result(), expected.result()];
  const predictions = terms.map(({ energy }) => energy);
  const { sizes } = sharesOf(combination, predictions);
  const lossSlopes = terms.map(({ poseLossGradient }) => poseLossGradient);
  expect(result.count).toBe(reference.count);
  expectClose(result.value, reference.value, 1e-12, largest([reference.value, ...predictions]));
  expectClose(result.poseLoss, reference.poseLoss, 1e-12, 5 * terms.length);
  for (const name of ['w', 'depth'] as const) {
    const gradients = terms.map(each => gradientOf(each)[name].data);
    const [gradient, poseLossGradient] = [reference.gradient[name], reference.poseLossGradient[name]];
    expectClose(result.gradient[name] ?? [], gradient ?? [], 1e-12, reachOf(sizes, gradients));
    expectClose(
      result.poseLossGradient[name] ?? [],
      poseLossGradient ?? [],
      1e-12,
      reachOf(lossSlopes, gradients),
    );
  }
}

describe('merging accumulators', () => {
  property(
    'is commutative to the bit',
    combinations,
    several(term, 8, 0),
    several(term, 8, 0),
    (combination, some, others) => {
      const [a, b] = [accumulated(combination, some), accumulated(combination, others)];
      expectSameBits(a.merge(b), b.merge(a));
    },
  );

  test('is commutative to the bit for zeros of either sign', () => {
    const meanOf = (...predictions: number[]) => {
      const accumulator = mean().accumulator();
      for (const prediction of predictions) accumulator.add(prediction, null);
      return accumulator;
    };
    expectSameBits(meanOf(5, -0).merge(meanOf(0)), meanOf(0).merge(meanOf(5, -0)));
    expectSameBits(meanOf(5).merge(meanOf(-0)), meanOf(-0).merge(meanOf(5)));
  });

  property(
    'is associative within rounding',
    combinations,
    fc.tuple(several(term, 8), several(term, 8), several(term, 8)),
    (combination, parts) => {
      const [a, b, c] = parts.map(part => accumulated(combination, part)) as [
        Accumulator,
        Accumulator,
        Accumulator,
      ];
      expectSameSums(combination, parts.flat(), a.merge(b).merge(c), a.merge(b.merge(c)));
    },
  );

  property(
    'with an empty accumulator changes no bit, whichever of the two is empty',
    combinations,
    several(term, 8, 0),
    (combination, terms) => {
      const [empty, some] = [combination.accumulator(), accumulated(combination, terms)];
      expectSameBits(some.merge(empty), some);
      expectSameBits(empty.merge(some), some);
    },
  );

  property(
    'of the parts of any split gives the accumulator of all poses',
    combinations,
    several(fc.tuple(term, fc.nat(4)), 32),
    (combination, assigned) => {
      const terms = assigned.map(([each]) => each);
      const parts = [0, 1, 2, 3, 4].map(part =>
        accumulated(
          combination,
          assigned.filter(([, owner]) => owner === part).map(([each]) => each),
        ),
      );
      const merged = parts.reduce((merged, part) => merged.merge(part), combination.accumulator());
      expectSameSums(combination, terms, merged, accumulated(combination, terms));
    },
  );

  property(
    'leaves both accumulators unchanged',
    combinations,
    several(term, 8),
    several(term, 8),
    (combination, some, others) => {
      const [a, b] = [accumulated(combination, some), accumulated(combination, others)];
      a.merge(b).add(-3e4, gradientOf({ energy: 1, slope: [1, 1, 1] }));
      expectSameBits(a, accumulated(combination, some));
      expectSameBits(b, accumulated(combination, others));
    },
  );
});

describe('accumulators as JSON', () => {
  property(
    'are read back to the bit, and accept further poses as the original does',
    combinations,
    several(term, 8, 0),
    term,
    (combination, terms, next) => {
      const original = accumulated(combination, terms);
      const copy = combination.accumulator(throughJSON(original));
      expectSameBits(copy, original);
      for (const each of [original, copy]) each.add(next.energy, gradientOf(next), next);
      expectSameBits(copy, original);
      expect(copy.result()).toEqual(original.result());
    },
  );

  test('may have their keys in another order', () => {
    const sorted = (value: unknown): unknown =>
      Object(value) !== value || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value as object)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, each]) => [name, sorted(each)]),
          );
    const accumulator = lse({ t: 2, sign: 1 }).accumulator();
    accumulator.add(-1, { w: tensor([1, 2]), depth: tensor(3) });
    const saved = sorted(throughJSON(accumulator)) as AccumulatorJSON;
    expect(Object.keys(saved.settings)).toEqual(['sign', 't']);
    expectSameBits(
      lse({ t: 2, sign: 1 }).accumulator(saved).merge(accumulator),
      accumulator.merge(accumulator),
    );
  });

  test('of another kind or setting are an error', () => {
    const accumulator = lse({ t: 2 }).accumulator();
    accumulator.add(-5, { w: tensor([1, 2, 3]) });
    const saved = throughJSON(accumulator);
    expect(() => lse({ t: 3 }).accumulator(saved)).toThrow(/lse\(\{"t":2.*lse\(\{"t":3/);
    expect(() => mean().accumulator(saved)).toThrow(/lse\(\{"t":2.*mean/);
  });

  test('keep parameters of any name', () => {
    const gradient = Object.fromEntries(['constructor', '__proto__'].map(name => [name, tensor([1, 2])]));
    const [some, bare] = [lse().accumulator(), lse().accumulator()];
    some.add(-1, gradient);
    bare.add(-1, null);
    const copy = lse().accumulator(throughJSON(some)).merge(bare);
    expect(Object.entries(copy.result().gradient)).toEqual(
      Object.keys(gradient).map(name => [name, tensor([0.5, 1])]),
    );
  });

  test('keep every bit of −0, denormals and numbers near the largest', () => {
    const extremes = Float64Array.of(-0, 5e-324, -5e-324, 1e308, -1e308, Number.MAX_VALUE, 2 ** -1022);
    const w = tensor(extremes);
    const accumulator = lse({ sign: 1 }).accumulator();
    // Negative numbers times a weight that underflows add up to −0, a sum that the state stores.
    accumulator.add(0, { w }, { poseLossGradient: 1 });
    accumulator.add(1e4, { w: tensor(new Float64Array(7)) });
    accumulator.add(2e4, { w: tensor(extremes.map(number => -number)) });
    const saved = accumulator.toJSON();
    const copy = lse({ sign: 1 }).accumulator(throughJSON(accumulator));
    expect(copy.toJSON()).toEqual(saved);
    expect(copy.result()).toEqual(accumulator.result());
    expect(bytesIn(copy.result().poseLossGradient.w)).toEqual(
      bytesIn(accumulator.result().poseLossGradient.w),
    );
  });

  test('keep extreme energies, gradients and poseLosses', () => {
    const accumulator = lse().accumulator();
    const extremes = [5e-324, 1e308, -1e308];
    accumulator.add(1e308, { w: tensor(extremes) }, { poseLoss: 5e-324, poseLossGradient: 1 });
    const { value, gradient, poseLoss, poseLossGradient } = lse()
      .accumulator(throughJSON(accumulator))
      .result();
    expect([value, poseLoss]).toEqual([1e308, 5e-324]);
    expect([...(gradient.w?.data ?? [])]).toEqual(extremes);
    expect([...(poseLossGradient.w?.data ?? [])]).toEqual(extremes);
  });
});

describe('the result of an accumulator', () => {
  property('equals the textbook formulas', combinations, several(term, 32), (combination, terms) => {
    const { value, gradient, poseLoss, poseLossGradient, count } = accumulated(combination, terms).result();
    const predictions = terms.map(({ energy }) => energy);
    const expected = sharesOf(combination, predictions);
    const { coefficients, sizes } = expected;
    const gradients = terms.map(({ slope }) => slope);
    const lossSlopes = terms.map(each => each.poseLossGradient);
    expect(count).toBe(terms.length);
    expectClose(value, expected.value, 1e-12, largest([expected.value, ...predictions]));
    expectClose(gradient.w?.data ?? [], weighted(coefficients, gradients), 1e-12, reachOf(sizes, gradients));
    expectClose(
      poseLossGradient.w?.data ?? [],
      weighted(lossSlopes, gradients),
      1e-12,
      reachOf(lossSlopes, gradients),
    );
    const losses = terms.map(each => each.poseLoss);
    expectClose(
      poseLoss,
      losses.reduce((a, b) => a + b, 0),
      1e-12,
      5 * terms.length,
    );
  });

  test('is the better of two poses whose energies differ by the range of float64', () => {
    const maxValue = Number.MAX_VALUE;
    for (const combination of [lse(), lse({ sign: 1 }), boltzmann()]) {
      const [best, gradient] = combination.sigma > 0 ? [maxValue, -2] : [-maxValue, 3];
      for (const energies of [
        [best, -best],
        [-best, best],
      ]) {
        const accumulator = combination.accumulator();
        for (const energy of energies)
          accumulator.add(energy, { w: tensor(energy === best ? gradient : maxValue) });
        const result = accumulator.result();
        expect([result.value, result.gradient.w?.data[0]]).toEqual([best, gradient]);
      }
    }
  });

  test('has new float64 arrays each time, in the shapes of the parameters', () => {
    const accumulator = boltzmann().accumulator();
    const gradient = { matrix: tensor(new Float32Array([1, 2, 3, 4]), [2, 2]), number: tensor(5) };
    accumulator.add(-1, gradient, { poseLossGradient: 2 });
    gradient.matrix.data.fill(0);
    const [first, second] = [accumulator.result(), accumulator.result()];
    for (const { data } of Object.values({ ...first.gradient, ...first.poseLossGradient })) data.fill(99);
    expect(second.gradient).toEqual({
      matrix: { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] },
      number: { data: Float64Array.of(5), shape: [] },
    });
    expect(second.poseLossGradient.matrix?.data).toEqual(Float64Array.of(2, 4, 6, 8));
    expect(accumulator.result()).toEqual(second);
  });

  test('of no poses is an error', () => {
    expect(() => lse().accumulator().result()).toThrow(/no poses/);
    const empty = lse().accumulator().merge(lse().accumulator());
    expect(() => empty.result()).toThrow(RangeError);
  });

  test('accepts a poseLossDirect of only some of the parameters', () => {
    const accumulator = mean().accumulator();
    const gradient = { w: tensor([1, 2, 3]), v: tensor(1) };
    accumulator.add(-9, gradient, { poseLossDirect: { v: tensor(5) } });
    expect(accumulator.result().poseLossGradient.v?.data[0]).toBe(5);
  });

  test('of predictions alone has no gradient', () => {
    const accumulator = mean().accumulator();
    for (const energy of [-1, -2, -6]) accumulator.add(energy, null, { poseLoss: 0.5 });
    expect(accumulator.result()).toEqual({
      value: -3,
      gradient: {},
      poseLoss: 1.5,
      poseLossGradient: {},
      count: 3,
    });
  });
});

test('bytes are those of one sum of the size of θ, a second sum for boltzmann(), and one more for poseLosses', () => {
  const bytesOf = (combination: Combination, poseLossGradient: number) => {
    const accumulator = combination.accumulator();
    expect(accumulator.bytes).toBe(0);
    accumulator.add(0, { w: tensor([1, 2, 3]), depth: tensor(4) });
    accumulator.add(-1, { w: tensor([1, 2, 3]), depth: tensor(4) }, { poseLossGradient });
    return accumulator.bytes;
  };
  const all = [mean(), lse(), boltzmann(), freeEnergy()];
  expect(all.map(each => bytesOf(each, 0))).toEqual([32, 32, 64, 32]);
  expect(all.map(each => bytesOf(each, 2))).toEqual([64, 64, 96, 64]);
});

describe('an error leaves an accumulator unchanged:', () => {
  const gradientOfW = { w: tensor([1, 2, 3]) };
  const filled = (combination: Combination, gradient = gradientOfW) => {
    const accumulator = combination.accumulator();
    accumulator.add(-5, gradient, { poseLoss: 1, poseLossGradient: 1 });
    return accumulator;
  };

  function expectRefusal(
    accumulator: Accumulator,
    act: (accumulator: Accumulator) => unknown,
    kind: ErrorConstructor,
    message: RegExp,
  ): void {
    const before = throughJSON(accumulator);
    expect(() => act(accumulator)).toThrow(
      expect.objectContaining({ name: kind.name, message: expect.stringMatching(message) }),
    );
    expect(accumulator.toJSON()).toEqual(before);
  }

  test.each([
    [
      'an accumulator of another kind',
      lse(),
      boltzmann(),
      /merge: the other is of lse\(\{"t":1,"sign":-1\}\), not of boltzmann\(\{"kT":1\}\)/,
    ],
    [
      'an accumulator of another kT',
      boltzmann({ kT: 0.5 }),
      boltzmann(),
      /merge: the other is of boltzmann\(\{"kT":0.5\}\), not of .*"kT":1/,
    ],
    ['an accumulator of another sign', lse({ sign: 1 }), lse(), /merge: .*"sign":1\}\), not of .*"sign":-1/],
    ['an accumulator of another t', lse({ t: 2 }), lse({ t: 3 }), /merge: .*"t":2.*"t":3/],
  ])('merging %s', (_what, theirs, ours, message) => {
    expectRefusal(filled(ours), a => a.merge(filled(theirs)), TypeError, message);
    expectRefusal(ours.accumulator(), a => a.merge(theirs.accumulator()), TypeError, message);
  });

  test.each([
    ['another name', { v: tensor([1, 2, 3]) }, /a pose has gradients of \(v\), but earlier poses have \(w\)/],
    [
      'an additional name',
      { ...gradientOfW, v: tensor(1) },
      /a pose has gradients of \(w, v\), but earlier poses have \(w\)/,
    ],
    ['a missing name', {}, /a pose has gradients of \(\), but earlier poses have \(w\)/],
    ['another shape', { w: tensor([1, 2]) }, /gradient of w has shape \[2\], but earlier poses have \[3\]/],
    [
      'another rank',
      { w: tensor([[1, 2, 3]]) },
      /gradient of w has shape \[1, 3\], but earlier poses have \[3\]/,
    ],
  ])('adding gradients with %s', (_what, gradient, message) => {
    expectRefusal(filled(boltzmann()), a => a.add(-9, gradient), RangeError, message);
    const other = boltzmann().accumulator();
    other.add(-9, gradient);
    expectRefusal(filled(boltzmann()), a => a.merge(other), RangeError, message);
  });

  test.each([
    [
      'another name',
      { v: tensor([1, 2, 3]) },
      /poseLossDirect has v of shape \[3\], which the gradient lacks/,
    ],
    [
      'the name of a property of objects',
      { constructor: tensor(1) },
      /poseLossDirect has constructor of shape \[\]/,
    ],
    ['another shape', { w: tensor([1, 2]) }, /poseLossDirect has w of shape \[2\], which the gradient lacks/],
    [
      'another rank',
      { w: tensor([[1, 2, 3]]) },
      /poseLossDirect has w of shape \[1,3\], which the gradient lacks/,
    ],
    [
      'a number that is not finite',
      { w: tensor([1, 2, Number.NaN]) },
      /add: poseLossDirect of w is NaN at position 2/,
    ],
  ])('adding a poseLossDirect with %s', (_what, poseLossDirect, message) => {
    for (const accumulator of [filled(boltzmann()), boltzmann().accumulator()])
      expectRefusal(accumulator, a => a.add(-9, gradientOfW, { poseLossDirect }), RangeError, message);
  });

  describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('adding %d as', number => {
    test.each<[string, (accumulator: Accumulator) => void]>([
      ['prediction', a => a.add(number, gradientOfW)],
      ['poseLoss', a => a.add(-9, gradientOfW, { poseLoss: number })],
      ['poseLossGradient', a => a.add(-9, gradientOfW, { poseLossGradient: number })],
      ['gradient of w', a => a.add(-9, { w: tensor([1, number, 3]) })],
    ])('%s', (what, add) => {
      for (const accumulator of [filled(boltzmann()), boltzmann().accumulator()]) {
        expectRefusal(accumulator, add, RangeError, new RegExp(`${what}.* is ${number}`));
      }
    });
  });
});
