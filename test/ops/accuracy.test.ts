import { errorFunction, errorFunctionComplement, evaluate, gradient, map, Tape } from 'posetape';
import { acos, asin, atan, atan2, erf, erfc, gelu, mul, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { decimal, exponential, over, times, toNumber } from '../combine/decimals.ts';
import { expectClose } from '../support/equal.ts';

/*
 * Error functions and angles, compared with their definitions in 400 decimals.
 */

const one = decimal(1);

/** arctan(1/n), computed by its power series. */
function arctanOfInverse(n: bigint): bigint {
  let [sum, power] = [0n, one / n];
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += (k % 4n === 1n ? power : -power) / k;
    power /= n * n;
  }
  return sum;
}

/** π by Machin's formula. */
const pi = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n));

/** Square root, by Newton's method. */
function root(x: bigint): bigint {
  let y = decimal(Math.sqrt(toNumber(x)));
  for (let step = 0; step < 6; step++) y = (y + over(x, y)) / 2n;
  return y;
}

const rootOfPi = root(pi);

/** erfc x for x ≥ 3, by its continued fraction: exp(−x²)/√π/(x + ½/(x + 1/(x + 3/2/(x + …)))) */
function tailOf(x: bigint): bigint {
  let below = x;
  for (let k = 300n; k > 0n; k--) below = x + over((k * one) / 2n, below);
  return over(exponential(-times(x, x)), times(rootOfPi, below));
}

/** erf x for small |x|, by its series: 2/√π (x − x³/3 + x⁵/10 − …). */
function seriesOf(x: bigint): bigint {
  const square = times(x, x);
  let [sum, power] = [0n, x];
  for (let n = 0n; power !== 0n; n++) {
    sum += power / (2n * n + 1n);
    power = -times(power, square) / (n + 1n);
  }
  return over(2n * sum, rootOfPi);
}

const exactErf = (x: number) =>
  Math.abs(x) < 3 ? seriesOf(decimal(x)) : x > 0 ? one - tailOf(decimal(x)) : tailOf(decimal(-x)) - one;
const exactErfc = (x: number) => (x < 3 ? one - exactErf(x) : tailOf(decimal(x)));

/** arctan x, by its series after reducing x ten times by arctan x = 2 arctan(x/(1 + √(1 + x²))). */
function arctan(x: bigint): bigint {
  let near = x;
  for (let step = 0; step < 10; step++) near = over(near, one + root(one + times(near, near)));
  const square = times(near, near);
  let [sum, power] = [0n, near];
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power = -times(power, square);
  }
  return 1024n * sum;
}

/** Angle between the x axis and the vector (x, y), for y > 0. */
const angleOf = (y: bigint, x: bigint) =>
  x > 0n ? arctan(over(y, x)) : x < 0n ? pi + arctan(over(y, x)) : pi / 2n;
/** Cosine √(1 − x²) of an angle whose sine is x. */
const cosineOf = (x: bigint) => root(one - times(x, x));

/** Error of a result, in units in the last place of the exact number. */
function ulps(actual: number, expected: bigint): number {
  const exact = Math.abs(toNumber(expected));
  const unit = exact < 2 ** -1022 ? Number.MIN_VALUE : 2 ** (Math.floor(Math.log2(exact)) - 52);
  return toNumber(
    over(decimal(actual) < expected ? expected - decimal(actual) : decimal(actual) - expected, decimal(unit)),
  );
}

/** Arguments on both sides of each limit between formulas, and some others. */
const points = [
  ...[0.01, 0.2, 0.24999, 0.25, 0.4, 0.6, 0.84, 0.8437499, 0.84375, 0.9, 1, 1.1, 1.2499, 1.25, 1.3, 1.7, 2.2],
  ...[2.857, 2.8571428, 2.8571429, 3, 3.3, 4.1, 5, 5.99, 6, 7.7, 10.3],
  ...Array.from({ length: 40 }, (_, i) => 0.05 + 0.0713 * i),
];
/** Arguments in the tail of erfc. */
const far = [12.1, 15.7, 19.9, 22.22, 24.5, 26, 26.5];

describe('error functions in float64:', () => {
  test('erf is within 1 ulp', () => {
    for (const x of [...points, ...points.map(x => -x)].filter(x => Math.abs(x) < 8))
      expect(ulps(errorFunction.of(x), exactErf(x)), `erf ${x}`).toBeLessThan(1);
  });

  test('erfc is within 2.5 ulp, also in the tail', () => {
    for (const x of [...points, ...far, ...points.map(x => -x)])
      expect(ulps(errorFunctionComplement.of(x), exactErfc(x)), `erfc ${x}`).toBeLessThan(2.5);
  });
});

describe('angles in float64:', () => {
  const xs = Array.from({ length: 60 }, (_, i) => Math.sin(1.7 * i + 0.3)).concat([
    0.999999,
    -1e-5,
    0.5,
    1 - 2 ** -40,
  ]);
  const arcs: readonly [string, typeof atan, (x: bigint) => bigint, number][] = [
    ['atan', x => atan(mul(x, 3)), x => arctan(3n * x), 1.5],
    ['asin', asin, x => arctan(over(x, cosineOf(x))), 2],
    ['acos', acos, x => angleOf(cosineOf(x), x), 2],
  ];

  test.each(arcs)('%s is within its bound of 1.5 or 2 ulp', (name, arc, exact, bound) => {
    // Three times a float32 number is exact in float64, so both sides take the arctangent of the same number.
    const entries = name === 'atan' ? xs.map(x => Math.fround(x)) : xs;
    const results = derivatives(arc, entries, 0)[0] as number[];
    for (const [i, x] of entries.entries())
      expect(ulps(results[i] as number, exact(decimal(x))), `${name} ${x}`).toBeLessThan(bound);
  });

  test('atan2 is within 1.5 ulp', () => {
    for (const [i, y] of xs.entries()) {
      const x = 2 * (xs[(i * 7 + 3) % xs.length] as number);
      const tape = new Tape();
      const [angle] = evaluate([atan2(tape.constant(Math.abs(y)), tape.constant(x))]);
      const off = ulps(angle.data[0] as number, angleOf(decimal(Math.abs(y)), decimal(x)));
      expect(off, `atan2(${y}, ${x})`).toBeLessThan(1.5);
    }
  });
});

/** Values of f at these numbers, and the derivatives of the sum of the values, up to order `orders`. */
function derivatives(f: typeof erf, entries: readonly number[], orders: number): number[][] {
  const x = new Tape().parameter(entries);
  const results = [f(x)];
  for (let order = 1; order <= orders; order++)
    results.push(gradient(sum(results[order - 1] as typeof x), [x])[0]);
  return evaluate(results).map(({ data }) => [...data]);
}

describe('at limits of the domain,', () => {
  const ends = [0, -0, Infinity, -Infinity, Number.NaN, 40, -40, Number.MIN_VALUE, -1e-310];

  test('values are right', () => {
    expect(derivatives(erf, ends, 0)).toEqual([
      [0, -0, 1, -1, Number.NaN, 1, -1, Number.MIN_VALUE, (2 / Math.sqrt(Math.PI)) * -1e-310],
    ]);
    expect(derivatives(erfc, ends, 0)).toEqual([[1, 1, 0, 2, Number.NaN, 0, 2, 1, 1]]);
    expect(derivatives(gelu, ends.slice(0, 7), 0)).toEqual([[0, -0, Infinity, 0, Number.NaN, 40, 0]]);
    expectClose(
      derivatives(erfc, [5, 26], 0)[0] as number[],
      [1.5374597944280349e-12, 5.663192408856143e-296],
      4e-16,
    );
  });

  test('slopes are right, and derivatives to fourth order finite', () => {
    const slope = 2 / Math.sqrt(Math.PI);
    const limits = [0, Infinity, -Infinity, 40];
    expect(derivatives(erf, limits, 1)[1]).toEqual([slope, 0, 0, 0]);
    expect(derivatives(erfc, limits, 1)[1]?.map(each => each + 0)).toEqual([-slope, 0, 0, 0]);
    expect(derivatives(gelu, limits, 1)[1]).toEqual([0.5, 1, 0, 1]);
    for (const f of [erf, erfc, gelu])
      for (const order of derivatives(f, [-40, -7, -1e-12, 0, 1e-12, 7, 40], 4))
        expect(order.every(Number.isFinite)).toBe(true);
  });

  test('the left tail of gelu keeps its digits', () => {
    // Reference: gelu x = ½x erfc(−x/√2).
    const x = -30;
    const expected = times(decimal(x) / 2n, tailOf(over(decimal(-x), root(2n * one))));
    expectClose(derivatives(gelu, [x], 0)[0] as number[], [toNumber(expected)], 1e-12);
  });
});

describe('s.special', () => {
  const recordSpecial = (f: unknown) =>
    new Tape().parameter(1).tape.record(
      { name: 'mine', vjp: [null] },
      map((s, x) => s.special(f as typeof errorFunction, x)),
      [1],
    );

  test('accepts only special functions', () => {
    expect(recordSpecial(errorFunction).op.name).toBe('mine');
    for (const f of [Math.exp, { name: 'erf', of: Math.exp }, undefined, 'erf'])
      expect(() => recordSpecial(f)).toThrow(
        'mine: s.special takes errorFunction or errorFunctionComplement, got',
      );
  });
});
