import fc from 'fast-check';
import { evaluate, gradient, Tape, tensor } from 'posetape';
import { combinePoses, lse } from 'posetape/combine';
import { add, dropout, mul, noise, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { philox, type Words } from '../../ops/random/philox.ts';
import { property } from '../support/property.ts';

describe('philox', () => {
  // Known answers of Random123 (kat_vectors), by the authors of the generator.
  const answers: [counter: Words, key: readonly [number, number], words: Words][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];

  test.each(answers)('of counter %o and key %o is %o', (counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

const drawn = (options: Parameters<typeof noise>[2], shape: readonly number[] = [1000]) => [
  ...evaluate([noise(new Tape(), shape, options)])[0].data,
];
const moments = (numbers: readonly number[]) => {
  const mean = numbers.reduce((total, x) => total + x, 0) / numbers.length;
  const variance = numbers.reduce((total, x) => total + (x - mean) ** 2, 0) / numbers.length;
  return [mean, variance] as const;
};

describe('noise', () => {
  property('depends on seed, index and position only', fc.nat(), fc.nat(), (seed, index) => {
    expect(drawn({ seed, index }, [7])).toEqual(drawn({ seed, index }, [8]).slice(0, 7));
    expect(drawn({ seed, index }, [7])).not.toEqual(drawn({ seed: seed + 1, index }, [7]));
    expect(drawn({ seed, index }, [7])).not.toEqual(drawn({ seed, index: index + 1 }, [7]));
    expect(drawn({ seed, index }, [2, 3])).toEqual(drawn({ seed, index }, [6]));
  });

  test('differs for seeds and indices beyond 32 bits', () => {
    const first = drawn({ seed: 2 ** 40, index: 1 }, [4]);
    for (const other of [
      { seed: 2 ** 41, index: 1 },
      { seed: 2 ** 40, index: 2 ** 33 + 1 },
      { seed: 0, index: 1 },
    ])
      expect(drawn(other, [4])).not.toEqual(first);
  });

  test('has the mean and the variance of its distribution', () => {
    const [mean, variance] = moments(drawn({ seed: 7 }, [20_000]));
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
    const uniform = drawn({ seed: 7, distribution: 'uniform' }, [20_000]);
    const [uniformMean, uniformVariance] = moments(uniform);
    expect(uniformMean).toBeCloseTo(0.5, 2);
    expect(uniformVariance).toBeCloseTo(1 / 12, 2);
    expect(uniform.every(x => x > 0 && x < 1)).toBe(true);
  });

  test('is uncorrelated for neighbouring poses, seeds and positions', () => {
    const [a, b, c] = [{ seed: 1 }, { seed: 1, index: 1 }, { seed: 2 }].map(each => drawn(each, [20_000]));
    const inner = (x: number[], y: number[]) =>
      x.reduce((total, each, i) => total + each * (y[i] as number), 0);
    for (const [x, y] of [
      [a, b],
      [a, c],
      [a, [...(a as number[]).slice(1), 0]],
    ])
      expect(Math.abs(inner(x as number[], y as number[])) / 20_000).toBeLessThan(0.03);
  });

  test.each([
    [() => noise(new Tape(), [2], { seed: -1 }), 'noise: seed is a whole number from 0, got -1'],
    [() => noise(new Tape(), [2], { seed: 1, index: 0.5 }), 'noise: index is a whole number from 0, got 0.5'],
    [() => noise(new Tape(), [2], {} as never), 'noise: seed is a whole number from 0, got'],
    [
      () => noise(new Tape(), [-2], { seed: 1 }),
      'noise: a shape is a list of whole numbers from 0, got [-2]',
    ],
    [
      () => noise(new Tape(), [2], { seed: 1, distribution: 'cauchy' as never }),
      "noise: distribution is 'normal' or 'uniform', got 'cauchy'",
    ],
    [() => noise(new Tape(), [2], { sead: 1 } as never), 'noise: no option sead'],
  ])('rejects a wrong argument: case %#', (record, message) => {
    expect(record).toThrow(message);
  });
});

describe('dropout', () => {
  test('drops a share of the entries and divides the others by the remaining share', () => {
    const x = new Tape().parameter(new Float64Array(20_000).fill(3));
    const y = dropout(x, { rate: 0.25, seed: 3 });
    const [values, slopes] = evaluate([y, ...gradient(sum(y), [x])]);
    const rest = values.data.filter(entry => entry !== 0);
    expect(rest.length / 20_000).toBeCloseTo(0.75, 1);
    expect(rest.every(entry => entry === 4)).toBe(true);
    expect(slopes?.data.every((slope, i) => slope === (values.data[i] === 0 ? 0 : 1 / 0.75))).toBe(true);
  });

  test('lets no NaN of a dropped entry through', () => {
    const options = { rate: 0.5, seed: 4 };
    const ones = evaluate([dropout(new Tape().parameter(new Float64Array(64).fill(1)), options)])[0].data;
    const entries = Float64Array.from(ones, kept => (kept === 0 ? Number.NaN : 1));
    const x = new Tape().parameter(entries);
    const y = sum(dropout(mul(x, x), options));
    for (const { data } of evaluate([y, ...gradient(y, [x])])) expect(data.every(Number.isFinite)).toBe(true);
  });

  test('of rate 0 returns its operand', () => {
    const x = new Tape().parameter([1, 2]);
    expect(dropout(x, { rate: 0, seed: 1 })).toBe(x);
  });

  test.each([1, -0.1, Number.NaN, '0.5'])('of rate %o is an error', rate => {
    const x = new Tape().parameter([1, 2]);
    expect(() => dropout(x, { rate: rate as number, seed: 1 })).toThrow(
      'dropout: rate is a number from 0 to below 1',
    );
  });

  test('and noise are the same in every pass, so all strategies agree', async () => {
    const poses = Array.from({ length: 5 }, (_, index) => ({ features: [1, 2, 3, index], index }));
    const params = { weights: tensor([0.3, -0.2, 0.1, 0.4]) };
    const results = await Promise.all(
      (['stream', 'recompute', 'full-graph'] as const).map(strategy =>
        combinePoses({
          poses,
          params,
          strategy,
          combination: lse({ t: 1 }),
          score: (tape, { weights }, { features, index }) => {
            const noisy = add(weights, mul(0.1, noise(tape, [4], { seed: 5, index })));
            return sum(mul(dropout(tape.constant(features), { rate: 0.3, seed: 6, index }), noisy));
          },
        }),
      ),
    );
    for (const { value, gradient: actual } of results) {
      expect(value).toBeCloseTo(results[0]?.value as number, 12);
      for (const [i, slope] of actual.weights.data.entries())
        expect(slope).toBeCloseTo(results[0]?.gradient.weights.data[i] as number, 12);
    }
  });
});
