import { errorFunction, errorFunctionComplement, Tape, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';

/** Distance between neighbouring float32 numbers at `exact`. Among subnormal numbers, this distance is constant. */
function ulpAt(exact: number): number {
  const size = Math.abs(exact);
  return size < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(size)) - 23);
}

/** Float32 numbers spaced evenly over all bit patterns: every magnitude, both signs, NaNs. */
function everywhere(count: number, from = 0): Float32Array {
  const bits = Uint32Array.from({ length: count }, (_, i) => from + i * Math.floor(2 ** 32 / count));
  return new Float32Array(bits.buffer);
}

function evenly(from: number, to: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}

/** Arguments at which functions often fail: zeros, ones, NaN, limits of the number range and of the results. */
const specials = Float32Array.of(
  ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, Infinity, -Infinity, Number.NaN],
  ...[2 ** -149, -(2 ** -149), 2 ** -126, -(2 ** -126), 3.4028234663852886e38, -3.4028234663852886e38],
  ...[88.72283, 88.72284, -87.33654, -87.33655, -103.97207, -103.97209, -103.9, 89, -104, 1e5, -1e5],
  ...[0.625, -0.625, Math.LN2, -Math.LN2, Math.PI, Math.PI / 2, 2 ** 20, -(2 ** 20), 1e30, -0.99999994],
);

function joined(...parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap(part => [...part]));
}

function compute(op: (...inputs: Value[]) => Value, inputs: readonly Float32Array[], relaxed: boolean) {
  const tape = new Tape();
  const [result] = wasm({ relaxed }).run([op(...inputs.map(input => tape.constant(tensor(input))))]);
  return result?.data as Float32Array;
}

/** Fails if a result is off by more than `bound` ulp of float32, or is not exactly the expected infinity, NaN or zero. */
function expectWithin(
  bound: number,
  results: Float32Array,
  exact: (i: number) => number,
  describeInput: (i: number) => string,
): void {
  const overflow = 3.4028235677973366e38;
  for (const [i, number] of results.entries()) {
    const wanted = exact(i);
    const isNotFinite = !Number.isFinite(wanted) || Math.abs(wanted) >= overflow;
    const rounded = Math.fround(wanted);
    const isRight = isNotFinite
      ? Object.is(number, rounded)
      : Math.abs(number - wanted) <= bound * ulpAt(wanted) && (wanted !== 0 || number === 0);
    if (isRight) continue;
    const off = Math.abs(number - wanted) / ulpAt(wanted);
    expect.fail(`at ${describeInput(i)}: ${number} is not ${wanted} within ${bound} ulp, but off by ${off}`);
  }
}

type Case = readonly [
  name: string,
  ulp: number,
  op: (x: Value) => Value,
  exact: (x: number) => number,
  range: readonly [number, number],
];

const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const cases: readonly Case[] = [
  ['exp', 2, ops.exp, Math.exp, [-110, 95]],
  ['log', 2, ops.log, Math.log, [0, 4]],
  ['expm1', 4, ops.expm1, Math.expm1, [-3, 3]],
  ['log1p', 4, ops.log1p, Math.log1p, [-1, 3]],
  ['tanh', 4, ops.tanh, Math.tanh, [-10, 10]],
  ['sigmoid', 4, ops.sigmoid, sigmoid, [-95, 30]],
  ['softplus', 4, ops.softplus, softplus, [-95, 30]],
  ['sin', 4, ops.sin, Math.sin, [-30, 30]],
  ['cos', 4, ops.cos, Math.cos, [-30, 30]],
  ['erf', 3, ops.erf, errorFunction.of, [-5, 5]],
  ['erfc', 5, ops.erfc, errorFunctionComplement.of, [-5, 10.5]],
  ['atan', 3, ops.atan, Math.atan, [-4, 4]],
  ['asin', 4, ops.asin, Math.asin, [-1, 1]],
  ['acos', 4, ops.acos, Math.acos, [-1, 1]],
  ['sqrt', 1, ops.sqrt, Math.sqrt, [0, 10]],
  ['floor', 0, ops.floor, Math.floor, [-5, 5]],
  ['sign', 0, ops.sign, Math.sign, [-5, 5]],
];

describe.each([false, true])('relaxed SIMD, if available: %s', relaxed => {
  test.each(cases)(
    '%s is within %d ulp of float32, and exact for special arguments',
    (_, ulp, op, exact, range) => {
      const inputs = joined(specials, everywhere(100_003), evenly(...range, 50_001));
      const results = compute(op, [inputs], relaxed);
      expectWithin(
        ulp,
        results,
        i => exact(inputs[i] as number),
        i => `${inputs[i]}`,
      );
    },
  );

  test('pow is within 4 ulp of float32, and equals JavaScript’s for special arguments', () => {
    const [bases, exponents]: [number[], number[]] = [[], []];
    const add = (base: number, exponent: number) => {
      bases.push(base);
      exponents.push(exponent);
    };
    for (const base of specials) for (const exponent of specials) add(base, exponent);
    const [x, y] = [everywhere(40_009), everywhere(40_009, 12_345)];
    for (const [i, base] of x.entries()) add(base, y[(i * 7919) % y.length] as number);
    for (const [i, base] of evenly(0.01, 4, 30_001).entries()) add(base, 60 * Math.sin(i));
    for (let whole = -9; whole <= 9; whole++)
      for (const base of evenly(-3, 3, 1001)) add(base, Math.fround(whole));
    const [a, b] = [Float32Array.from(bases), Float32Array.from(exponents)];
    const results = compute((s, t) => ops.pow(s as Value, t as Value), [a, b], relaxed);
    expectWithin(
      4,
      results,
      i => (a[i] as number) ** (b[i] as number),
      i => `${a[i]} to the power ${b[i]}`,
    );
  });

  test('atan2 is within 3 ulp of float32, in each quadrant and for special arguments', () => {
    const [ys, xs]: [number[], number[]] = [[], []];
    for (const y of specials) for (const x of specials) [ys.push(y), xs.push(x)];
    const [a, b] = [everywhere(40_009), everywhere(40_009, 12_345)];
    for (const [i, y] of a.entries()) [ys.push(y), xs.push(b[(i * 7919) % b.length] as number)];
    for (const turn of evenly(-Math.PI, Math.PI, 30_001))
      [ys.push(3 * Math.sin(turn)), xs.push(3 * Math.cos(turn))];
    const [y, x] = [Float32Array.from(ys), Float32Array.from(xs)];
    expectWithin(
      3,
      compute((s, t) => ops.atan2(s as Value, t as Value), [y, x], relaxed),
      i => Math.atan2(y[i] as number, x[i] as number),
      i => `${y[i]}, ${x[i]}`,
    );
  });

  test.each<[string, typeof ops.maximum, (a: number, b: number) => number]>([
    ['maximum', ops.maximum, Math.max],
    ['minimum', ops.minimum, Math.min],
    ['div', ops.div, (a, b) => Math.fround(a / b)],
    ['less', ops.less, (a, b) => Number(a < b)],
    ['equal', ops.equal, (a, b) => Number(a === b)],
  ])('%s gives NaN, infinities and signed zeros as JavaScript does', (_, op, exact) => {
    const pairs = [...specials].flatMap(a => [...specials].map(b => [a, b] as const));
    const [a, b] = [0, 1].map(side => Float32Array.from(pairs, pair => pair[side] as number)) as [
      Float32Array,
      Float32Array,
    ];
    const results = compute((s, t) => op(s as Value, t as Value), [a, b], relaxed);
    for (const [i, number] of results.entries()) {
      const wanted = Math.fround(exact(a[i] as number, b[i] as number));
      expect(number === wanted || Object.is(number, wanted), `${a[i]}, ${b[i]}: ${number}, ${wanted}`).toBe(
        true,
      );
    }
  });
});
