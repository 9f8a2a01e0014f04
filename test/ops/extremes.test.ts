import { evaluate, gradient, jit, Tape, type Value } from 'posetape';
import {
  abs,
  acos,
  add,
  and,
  angle,
  argmax,
  argmin,
  argsort,
  asin,
  atan,
  atan2,
  ceil,
  clamp,
  cosh,
  cosineCutoff,
  cumprod,
  dihedral,
  div,
  elu,
  equal,
  exp,
  expm1,
  floor,
  gather,
  greaterEqual,
  huber,
  hypot,
  isNan,
  leakyRelu,
  lessEqual,
  log,
  log1p,
  log2,
  log10,
  logAddExp,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  min,
  minimum,
  mod,
  mul,
  norm,
  not,
  notEqual,
  or,
  pairDistances,
  pow,
  prod,
  reciprocal,
  relu,
  reshape,
  round,
  rsqrt,
  segmentMax,
  segmentMin,
  segmentSoftmax,
  shiftedSoftplus,
  sigmoid,
  silu,
  sinh,
  slice,
  softmax,
  softplus,
  sort,
  sqrt,
  square,
  std,
  stopGradient,
  sum,
  takeAlongAxis,
  tanh,
  topK,
  trunc,
  where,
} from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';

/** Values of f at the entries, and the derivatives of the sum of the values by each entry, up to order `orders`. */
function derivatives(f: (x: Value) => Value, entries: readonly number[], orders = 2): number[][] {
  const tape = new Tape();
  const x = tape.parameter(entries);
  const results = [f(x)];
  for (let order = 1; order <= orders; order++) results.push(gradient(sum(results.at(-1) as Value), [x])[0]);
  return evaluate(results).map(({ data }) => [...data]);
}

const ulp = 2 ** -52;

describe('tails', () => {
  // [name, op, x, value, derivative]. Results must be within 4 ulp: tails must keep their relative accuracy.
  const e40 = Math.exp(-40);
  const e700 = Math.exp(-700);
  const tails: [string, (x: Value) => Value, x: number, value: number, derivative: number][] = [
    ['softplus', softplus, 1000, 1000, 1],
    ['softplus', softplus, -1000, 0, 0],
    ['softplus', softplus, -700, e700, e700],
    ['softplus', softplus, -40, e40, e40],
    ['softplus', softplus, 40, 40, 1],
    ['softplus', softplus, 0, Math.LN2, 0.5],
    ['shiftedSoftplus', shiftedSoftplus, 1000, 1000 - Math.LN2, 1],
    ['shiftedSoftplus', shiftedSoftplus, -1000, -Math.LN2, 0],
    ['shiftedSoftplus', shiftedSoftplus, 0, 0, 0.5],
    ['sigmoid', sigmoid, 1000, 1, 0],
    ['sigmoid', sigmoid, -1000, 0, 0],
    ['sigmoid', sigmoid, 700, 1, e700],
    ['sigmoid', sigmoid, -700, e700, e700],
    ['sigmoid', sigmoid, 40, 1, e40],
    ['sigmoid', sigmoid, 0, 0.5, 0.25],
    ['tanh', tanh, 1000, 1, 0],
    ['tanh', tanh, -1000, -1, 0],
    ['log1p', log1p, 1e-12, 1e-12 - 0.5e-24, 1 - 1e-12],
    ['log1p', log1p, -1e-12, -1e-12 - 0.5e-24, 1 + 1e-12],
    ['expm1', expm1, 1e-12, 1e-12 + 0.5e-24, 1 + 1e-12],
    ['expm1', expm1, -1e-12, -1e-12 + 0.5e-24, 1 - 1e-12],
    ['expm1', expm1, -1000, -1, 0],
    ['exp', exp, -1000, 0, 0],
    ['exp', exp, 1000, Infinity, Infinity],
    ['sinh', sinh, 1e-12, 1e-12, 1],
    ['sinh', sinh, -1e-300, -1e-300, 1],
    ['sinh', sinh, 40, Math.exp(40) / 2, Math.exp(40) / 2],
    ['sinh', sinh, -710.2, Math.sinh(-710.2), Math.cosh(-710.2)],
    ['sinh', sinh, 21.99, Math.sinh(21.99), Math.cosh(21.99)],
    ['sinh', sinh, 22.01, Math.sinh(22.01), Math.cosh(22.01)],
    ['sinh', sinh, -1000, -Infinity, Infinity],
    ['cosh', cosh, 0, 1, 0],
    ['cosh', cosh, 1e-12, 1, 1e-12],
    ['cosh', cosh, 710.2, Math.cosh(710.2), Math.sinh(710.2)],
    ['cosh', cosh, -Infinity, Infinity, -Infinity],
    ['silu', silu, 1000, 1000, 1],
    ['silu', silu, -1000, 0, 0],
    ['silu', silu, -700, -700 * e700, -699 * e700],
    ['elu', a => elu(a), -1e-12, -1e-12 + 0.5e-24, 1 - 1e-12],
    ['elu', a => elu(a), -Infinity, -1, 0],
    ['elu', a => elu(a), 1000, 1000, 1],
    ['rsqrt', rsqrt, 1e300, 1e-150, 0],
    ['rsqrt', rsqrt, Infinity, 0, 0],
    ['rsqrt', rsqrt, 0, Infinity, -Infinity],
    ['log2', log2, 8, 3, 1 / (8 * Math.LN2)],
    ['log2', log2, 2 ** -1074, -1074, Infinity],
    ['log10', log10, 1e300, 300, 1e-300 / Math.LN10],
    ['reciprocal', reciprocal, -Infinity, -0, -0],
    ['leakyRelu', a => leakyRelu(a), -1000, -10, 0.01],
    ['leakyRelu', a => leakyRelu(a, 0.2), 0, 0, 0.2],
    ['leakyRelu', a => leakyRelu(a), Infinity, Infinity, 1],
    ['logAddExp with 0', a => logAddExp(a, 0), 1000, 1000, 1],
    ['logAddExp with 0', a => logAddExp(a, 0), -700, e700, e700],
    ['logAddExp with −∞', a => logAddExp(a, -Infinity), 3, 3, 1],
    ['logAddExp with −∞', a => logAddExp(-Infinity, a), -Infinity, -Infinity, 0],
    ['logAddExp with ∞', a => logAddExp(a, Infinity), Infinity, Infinity, 0.5],
    ['logAddExp with ∞', a => logAddExp(a, Infinity), 1, Infinity, 0],
    ['hypot with 4', a => hypot(a, 4), 3, 5, 0.6],
    ['hypot with 1e300', a => hypot(a, 1e300), 1e300, Math.SQRT2 * 1e300, Math.SQRT1_2],
    ['hypot with 1e-300', a => hypot(1e-300, a), 1e-300, Math.SQRT2 * 1e-300, Math.SQRT1_2],
    ['hypot with 0', a => hypot(a, 0), 0, 0, 0],
    ['hypot with NaN', a => hypot(a, Number.NaN), -Infinity, Infinity, Number.NaN],
  ];

  test.each(tails)('%s (%o) at %d is %d, with derivative %d', (_name, op, x, value, derivative) => {
    const [result, slope] = derivatives(op, [x], 1) as [number[], number[]];
    expectClose(result, value, 4 * ulp);
    expectClose(slope, derivative, 4 * ulp);
  });

  test.each([
    ['softplus', softplus],
    ['sigmoid', sigmoid],
    ['tanh', tanh],
  ] as const)('%s has finite derivatives up to fourth order, also in its tails', (_name, op) => {
    for (const each of derivatives(op, [-1000, -700, -40, -1e-12, 0, 1e-12, 40, 700, 1000], 4)) {
      expect(each.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('angles', () => {
  /** atan2(y, x), and its derivatives by y and x. */
  function atan2At(y: number, x: number): { value: number; slopes: number[] } {
    const tape = new Tape();
    const [a, b] = [tape.parameter(y), tape.parameter(x)];
    const at = atan2(a, b);
    const [value = Number.NaN, ...slopes] = evaluate([at, ...gradient(at, [a, b])]).map(
      ({ data }) => data[0] as number,
    );
    return { value, slopes };
  }

  test.each([
    [0, 1, 0],
    [-0, 1, -0],
    [0, -1, Math.PI],
    [-0, -1, -Math.PI],
    [0, 0, 0],
    [-0, 0, -0],
    [0, -0, Math.PI],
    [-0, -0, -Math.PI],
    [1, 0, Math.PI / 2],
    [-1, -0, -Math.PI / 2],
    [Infinity, Infinity, Math.PI / 4],
    [-Infinity, -Infinity, (-3 * Math.PI) / 4],
    [1, Infinity, 0],
    [-1, -Infinity, -Math.PI],
    [Number.NaN, 1, Number.NaN],
    [1, Number.NaN, Number.NaN],
  ])('atan2(%d, %d) is %d', (y, x, value) => {
    expect(atan2At(y, x).value).toBe(value);
  });

  test.each([
    [0, 0, [0, 0]],
    [0, 2, [0.5, 0]],
    [2, 0, [0, -0.5]],
    [0, -2, [-0.5, 0]],
    [3e-200, 4e-200, [0.16e200, -0.12e200]],
    [3e200, -4e200, [-0.16e-200, -0.12e-200]],
    [1e-300, 1e300, [1e-300, 0]],
    [1, Infinity, [0, 0]],
    [-Infinity, Infinity, [0, 0]],
  ])('the slopes of atan2 at (%d, %d) are %o, without overflow of squares', (y, x, slopes) => {
    expectClose(atan2At(y, x).slopes, slopes, 4 * ulp, slopes.map(Math.abs));
  });

  test('asin and acos have slope 0 at the limits of their domains, and are NaN beyond', () => {
    const sines = [-1, 1, -0, 0];
    expect(derivatives(asin, sines, 1)).toEqual([
      [-Math.PI / 2, Math.PI / 2, -0, 0],
      [0, 0, 1, 1],
    ]);
    expectClose(derivatives(acos, sines, 0)[0] as number[], [Math.PI, 0, Math.PI / 2, Math.PI / 2], ulp);
    expect(derivatives(acos, sines, 1)[1]?.map(slope => slope + 0)).toEqual([0, 0, -1, -1]);
    for (const arc of [asin, acos])
      expect(derivatives(arc, [1 + ulp, -2, Infinity, Number.NaN], 0)[0]?.every(Number.isNaN)).toBe(true);
  });

  test('small angles keep their digits', () => {
    // Near 1, arccos(1 − d) = √(2d) (1 + d/12 + …).
    const d = 2 ** -40;
    expectClose(derivatives(acos, [1 - d], 0)[0] as number[], [Math.sqrt(2 * d) * (1 + d / 12)], 4 * ulp);
    expect(derivatives(asin, [1e-200], 1)).toEqual([[1e-200], [1]]);
  });

  test('atan is ±π/2 at infinities, with slope 0', () => {
    const [values, slopes] = derivatives(atan, [Infinity, -Infinity, 1e200], 1);
    expect(values).toEqual([Math.PI / 2, -Math.PI / 2, Math.PI / 2]);
    expect(slopes).toEqual([0, 0, 0]);
    expect(derivatives(atan, [-0], 0)).toEqual([[-0]]);
  });
});

describe('logSumExp and softmax', () => {
  const [larger, smaller] = [1 / (1 + Math.exp(-1)), Math.exp(-1) / (1 + Math.exp(-1))];

  test.each([1e4, -1e4, 1e300, 0])('do not overflow or underflow at %d', origin => {
    // 1e300 + 1 rounds to 1e300, so the entries are equal.
    const entries = [origin + 1, origin, origin - 1e6];
    const weights = origin === 1e300 ? [1 / 3, 1 / 3, 1 / 3] : [larger, smaller, 0];
    const spread = origin === 1e300 ? Math.log(3) : 1 + Math.log(1 + Math.exp(-1));
    const [value, slope] = derivatives(logSumExp, entries, 1) as [number[], number[]];
    expectClose(value, origin + spread, 4 * ulp);
    expectClose(slope, weights, 1e-12);
    expectClose(derivatives(x => softmax(x), entries, 0)[0] as number[], weights, 1e-12);
  });

  test('ignore −∞ among other entries, to second order', () => {
    const entries = [-Infinity, 1, 0, -Infinity];
    const [value, slope, second] = derivatives(x => square(logSumExp(x)), entries) as [
      number[],
      number[],
      number[],
    ];
    const clean = derivatives(x => square(logSumExp(x)), [1, 0]) as [number[], number[], number[]];
    expect(value).toEqual(clean[0]);
    expect(slope).toEqual([0, ...clean[1], 0]);
    expect(second).toEqual([0, ...clean[2], 0]);
    expectClose(derivatives(x => softmax(x), entries, 0)[0] as number[], [0, larger, smaller, 0], 1e-15);
  });

  test('of −∞ only: logSumExp is −∞, and softmax NaN', () => {
    const nothing = [-Infinity, -Infinity];
    expect(derivatives(logSumExp, nothing, 0)).toEqual([[-Infinity]]);
    expect(derivatives(x => softmax(x), nothing, 0)).toEqual([[Number.NaN, Number.NaN]]);
  });

  test.each([
    // [entries, logSumExp, its gradient], tested alone and as a row among others.
    [[-Infinity, -Infinity], -Infinity, [0, 0]],
    [[Infinity, 0], Infinity, [1, 0]],
    [[-Infinity, Infinity], Infinity, [0, 1]],
    [[Infinity, Infinity], Infinity, [0.5, 0.5]],
    [[1e4, 1e4], 1e4 + Math.LN2, [0.5, 0.5]],
  ])('logSumExp of %o is %d, with gradient %o, also among other rows', (entries, value, slope) => {
    const [result, first, second] = derivatives(logSumExp, entries) as [number[], number[], number[]];
    expect(result).toEqual([value]);
    expectClose(first, slope, 4 * ulp);
    expectClose(second, [0, 0], 4 * ulp, 1);
    const rows = (x: Value) => logSumExp(reshape(x, [3, 2]), 1);
    const among = derivatives(rows, [0, 0, ...entries, 3, 3]) as [number[], number[], number[]];
    expectClose(among[0], [Math.LN2, value, 3 + Math.LN2], 4 * ulp);
    expectClose(among[1], [0.5, 0.5, ...slope, 0.5, 0.5], 4 * ulp);
    expectClose(among[2], [0, 0, 0, 0, 0, 0], 4 * ulp, 1);
  });

  test('logSumExp of −∞ + x has slope 0 by x', () => {
    const ofSum = (x: Value) => logSumExp(add(x.tape.constant([-Infinity, -Infinity]), x));
    expect(derivatives(ofSum, [1]).slice(1)).toEqual([[0], [0]]);
  });

  test('of no entries: logSumExp is −∞, with an empty gradient', () => {
    expect(derivatives(logSumExp, [], 1)).toEqual([[-Infinity], []]);
  });

  test('logSoftmax is exact where softmax underflows', () => {
    const first = (x: Value) => slice(logSoftmax(x), 1);
    expect(derivatives(x => logSoftmax(x), [1000, 0], 0)).toEqual([[0, -1000]]);
    expect(derivatives(first, [1000, 0], 2)).toEqual([[-1000], [-1, 1], [0, 0]]);
    expect(derivatives(x => logSoftmax(x), [-Infinity, 0], 0)).toEqual([[-Infinity, 0]]);
    for (const f of [softmax, logSoftmax]) {
      expect(derivatives(x => f(x), [Infinity, 0], 0)).toEqual([[Number.NaN, Number.NaN]]);
      expect(derivatives(x => f(x), [-Infinity, -Infinity], 0)).toEqual([[Number.NaN, Number.NaN]]);
    }
  });

  test('segmentSoftmax neither overflows nor underflows, also with empty segments', () => {
    const entries = [1e4 + 1, -700, 1e4, -701, 5];
    const [shares, slope, second] = derivatives(
      x => square(segmentSoftmax(x, [4, 1, 4, 1, 2], 6)),
      entries,
    ) as [number[], number[], number[]];
    const [p, q] = [larger, smaller];
    expectClose(shares, [p ** 2, p ** 2, q ** 2, q ** 2, 1], 1e-12);
    const slopes = 2 * p * q * (p - q);
    expectClose(slope, [slopes, slopes, -slopes, -slopes, 0], 1e-12, 1);
    expectClose(second, [0, 0, 0, 0, 0], 1e-12, 1);
  });

  test('maxima and minima of empty segments are −∞ and ∞, and have no gradient', () => {
    const [largest] = derivatives(x => segmentMax(x, [2, 0, 2], 4), [1, 2, 3], 0);
    expect(largest).toEqual([2, -Infinity, 3, -Infinity]);
    expect(derivatives(x => segmentMin(x, [2, 0, 2], 3), [1, 2, 3], 1)).toEqual([
      [2, Infinity, 1],
      [1, 1, 0],
    ]);
    expect(derivatives(x => segmentMax(x, [1, 1], 2), [Number.NaN, 1], 0)).toEqual([[-Infinity, Number.NaN]]);
    expect(derivatives(x => segmentMax(x, [], 2), [], 1)).toEqual([[-Infinity, -Infinity], []]);
  });

  test('logSumExp propagates +∞ and NaN', () => {
    expect(derivatives(logSumExp, [Infinity, 0], 0)).toEqual([[Infinity]]);
    expect(derivatives(logSumExp, [Number.NaN, 0], 0)).toEqual([[Number.NaN]]);
  });

  test('the sum of softmax is 1, with slope 0', () => {
    const [values, slope] = derivatives(x => softmax(x), [0.3, -1.2, 2.2], 1) as [number[], number[]];
    expectClose(
      values.reduce((a, b) => a + b),
      1,
      4 * ulp,
    );
    expectClose(slope, [0, 0, 0], 1e-15, 1);
  });
});

describe('prod', () => {
  test.each([
    // [factors, for each the product of the others, the derivatives of the sum of these products]
    [
      [2, -3, 5],
      [-15, 10, -6],
      [2, 7, -1],
    ],
    [
      [0, -3, 5],
      [-15, 0, 0],
      [2, 5, -3],
    ],
    [
      [0, 4, 0],
      [0, 0, 0],
      [4, 0, 4],
    ],
    [
      [0, 0, 0, 2],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
    [[7], [1], [0]],
  ])('of %o has slope %o and second derivatives %o', (factors, slope, second) => {
    const [value, ...orders] = derivatives(x => prod(x), factors);
    expect(value?.[0]).toBe(factors.reduce((product, each) => product * each, 1));
    expect(orders.map(order => order.map(each => each + 0))).toEqual([slope, second]);
  });

  test('of no entries is 1', () => {
    expect(derivatives(x => prod(x), [], 1)).toEqual([[1], []]);
    expect(derivatives(x => prod(reshape(x, [0, 2]), 0), [], 1)).toEqual([[1, 1], []]);
  });
});

describe('sorting', () => {
  const { NaN: nan } = Number;
  const unordered = [3, 1, nan, -0, 0, 1, Infinity, -Infinity, nan];
  const values = (...wanted: Value[]) => evaluate(wanted).map(({ data }) => [...data]);
  const parameter = (entries: readonly number[]) => new Tape().parameter(entries);

  test('is stable, with NaN last and −0 equal to 0', () => {
    const x = parameter(unordered);
    expect(values(sort(x), argsort(x))).toEqual([
      [-Infinity, -0, 0, 1, 1, 3, Infinity, nan, nan],
      [7, 3, 4, 1, 5, 0, 6, 2, 8],
    ]);
    const y = parameter([0, -0, 0]);
    expect(values(sort(y), argsort(y), argmax(y), argmin(y))).toEqual([[0, -0, 0], [0, 1, 2], [0], [0]]);
  });

  test('in descending order has NaN first', () => {
    const [largest, places] = topK(parameter(unordered), 9);
    expect(values(largest, places)).toEqual([
      [nan, nan, Infinity, 3, 1, 1, -0, 0, -Infinity],
      [2, 8, 6, 0, 1, 5, 3, 4, 7],
    ]);
  });

  test.each([
    [unordered, 2, 2],
    [[1, 3, 3, -2, -2], 1, 3],
    [[-Infinity, -Infinity], 0, 0],
    [[Infinity, -Infinity, Infinity, -Infinity], 0, 1],
    [[nan, nan], 0, 0],
    [[-0, 0], 0, 0],
  ])('argmax of %o is %d, argmin %d', (entries, largest, smallest) => {
    const x = parameter(entries);
    const column = reshape(x, [-1, 1]);
    expect(values(argmax(x), argmin(x), argmax(column, 0, true), argmin(column, 0))).toEqual(
      [largest, smallest, largest, smallest].map(place => [place]),
    );
  });

  test('gives each entry the cotangent of its sorted position, also next to NaN and infinities', () => {
    const weighted = (x: Value) => mul(square(sort(x)), x.tape.constant([1, 2, 3, 4]));
    const [sorted, slope, second] = derivatives(weighted, [2, Infinity, 2, -1]);
    expect([sorted, slope, second]).toEqual([
      [1, 8, 12, Infinity],
      [8, Infinity, 12, -2],
      [4, 8, 6, 2],
    ]);
    const linear = (x: Value) => mul(sort(x), x.tape.constant([1, 2, 3, 4]));
    expect(derivatives(linear, [nan, -Infinity, nan, 7], 1)[1]).toEqual([3, 1, 4, 2]);
    const taken = (x: Value) => where(x.tape.constant([1, 1, 0]), square(sort(x)), 0);
    expect(derivatives(taken, [5, nan, 3])).toEqual([
      [9, 25, 0],
      [10, 0, 6],
      [2, 0, 2],
    ]);
  });

  test('and taking entries: a computed index that is out of range gives −∞', () => {
    const x = parameter([1, nan, -0, Infinity]);
    const at = add(x.tape.constant([3, 2, 1, 4, -1, 0.5, nan]), x.tape.fill(0, [7]));
    const expected = [Infinity, -0, nan, -Infinity, -Infinity, -Infinity, -Infinity];
    expect(values(gather(x, at), takeAlongAxis(x, at, 0))).toEqual([expected, expected]);
    const empty = parameter([]);
    expect(values(gather(empty, argsort(empty)), gather(empty, add(empty.tape.fill(0, [2]), 1)))).toEqual([
      [],
      [-Infinity, -Infinity],
    ]);
  });

  test('of 300 numbers agrees with JavaScript’s, also for other numbers taken in the same order', () => {
    const entries = Array.from({ length: 300 }, (_, i) => Math.round(1e3 * Math.sin(i * i)) % 50);
    const places = entries.map((_, i) => i).sort((i, k) => (entries[i] as number) - (entries[k] as number));
    const x = parameter(entries);
    const others = mul(2, x);
    expect(values(sort(x), argsort(x), takeAlongAxis(others, argsort(x), 0))).toEqual([
      places.map(i => entries[i]),
      places,
      places.map(i => 2 * (entries[i] as number)),
    ]);
  });
});

describe('angles between points', () => {
  const points = (x: Value) => Array.from({ length: 4 }, (_, i) => reshape(slice(x, 3 * i, 3 * i + 3), [3]));
  const bend = (x: Value) => angle(...(points(x).slice(0, 3) as [Value, Value, Value]));
  const twist = (x: Value) => dihedral(...(points(x) as [Value, Value, Value, Value]));

  test('have the right signs and quadrants: clockwise is positive, seen from b to c', () => {
    for (const degrees of [-179, -90, -30, 0, 60, 90, 135, 180]) {
      const radians = (degrees * Math.PI) / 180;
      const d = [Math.cos(radians), Math.sin(radians), 2];
      const [actual = []] = derivatives(twist, [1, 0, 0, 0, 0, 0, 0, 0, 2, ...d], 0);
      expectClose(actual, [radians], 1e-15, 1);
    }
    const [right] = derivatives(bend, [2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0], 0);
    expectClose(right as number[], [Math.PI / 2], 1e-15);
  });

  test('are accurate for angles of 1e-9', () => {
    const [actual, slope] = derivatives(bend, [1, 1e-9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0], 1);
    expectClose(actual as number[], [1e-9], 1e-15);
    expectClose((slope as number[]).slice(0, 3), [-1e-9, 1, 0], 1e-12, 1);
    const [straight] = derivatives(bend, [-1, 1e-9, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0], 0);
    expectClose(straight as number[], [Math.PI - 1e-9], 1e-15);
  });

  test.each([
    ['of 0', [1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0], 0],
    ['of π', [1, 0, 0, 0, 0, 0, -2, 0, 0, 0, 0, 0], Math.PI],
    ['of points that coincide', [1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0], 0],
    ['of one point', new Array(12).fill(0.3), 0],
  ])('an angle %s has a gradient of 0', (_what, entries, value) => {
    const [result, ...slopes] = derivatives(bend, entries);
    expect(result).toEqual([value]);
    for (const each of slopes) expectClose(each, new Array(12).fill(0), 0);
  });

  test.each([
    ['on a line', [0, 0, 0, 1, 0, 0, 2, 0, 0, 2, 1, 0]],
    ['on a line at the other end', [0, 3, 0, 1, 0, 0, 2, 0, 0, 5, 0, 0]],
    ['of an axis of no length', [0, 3, 0, 1, 0, 0, 1, 0, 0, 5, 1, 0]],
    ['of one point', new Array(12).fill(-0.3)],
  ])('a dihedral angle %s has a gradient of 0', (_what, entries) => {
    const [result, ...slopes] = derivatives(twist, entries);
    expect([0, Math.PI, -Math.PI]).toContain(Math.abs((result as number[])[0] as number));
    for (const each of slopes) expectClose(each, new Array(12).fill(0), 0);
  });

  test('are invariant under rotation and translation; a mirror changes the sign of a dihedral', () => {
    const entries = [1, 0.2, -0.3, 0, 0.1, 0, 0.3, 1.4, 0.2, -0.7, 1.9, 1];
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const moved = entries.map((_, i) => {
      const [x, y, z] = entries.slice(i - (i % 3)) as [number, number, number];
      return ([c * x - s * y, s * x + c * y, z][i % 3] as number) + 4;
    });
    for (const op of [bend, twist]) {
      const [before, after] = [entries, moved].map(each => (derivatives(op, each, 0)[0] as number[])[0]);
      expectClose([after as number], [before as number], 1e-14);
    }
    const mirrored = entries.map((entry, i) => (i % 3 === 2 ? -entry : entry));
    const [before, after] = [entries, mirrored].map(each => (derivatives(twist, each, 0)[0] as number[])[0]);
    expectClose([after as number], [-(before as number)], 1e-14);
  });
});

describe('kinks have the stated subgradient', () => {
  // [name, function, entries, first derivative, second derivative]
  const kinks: [string, (x: Value) => Value, number[], number[], number[]][] = [
    ['abs at 0', abs, [0, -0], [0, 0], [0, 0]],
    ['relu at 0', relu, [0, -0, 1, -1], [0, 0, 1, 0], [0, 0, 0, 0]],
    ['sqrt at 0', sqrt, [0, 1], [0, 0.5], [0, -0.25]],
    ['a root of a square at 0', x => pow(sum(square(x)), 0.5), [0, 0], [0, 0], [0, 0]],
    ['hypot at 0', x => hypot(x, 0), [0, -0, -2], [0, 0, -1], [0, 0, 0]],
    ['std of equal numbers', x => std(x), [2, 2], [0, 0], [0, 0]],
    ['elu at 0', x => elu(x, 2), [0, 1], [2, 1], [2, 0]],
    ['steps at their jumps', x => add(round(x), ceil(x), trunc(x), floor(x)), [1, 0.5], [0, 0], [0, 0]],
    ['a remainder at its jump', x => mod(x, 2), [2, -2, 1], [1, 1, 1], [0, 0, 0]],
    ['cumprod with a 0', x => slice(cumprod(x), 2), [3, 0, 2], [0, 6, 0], [2, 5, 3]],
    ['sqrt of a square at 0', x => sqrt(square(x)), [0, -3], [0, -1], [0, 0]],
    ['norm at 0', norm, [0, 0, 0], [0, 0, 0], [0, 0, 0]],
    ['norm of rows at 0', x => norm(reshape(x, [2, 1]), -1), [0, -3], [0, -1], [0, 0]],
    ['maximum of equal numbers', x => maximum(x, 1), [1, 2, 0], [0.5, 1, 0], [0, 0, 0]],
    ['maximum of a value and itself', x => maximum(x, x), [1, 2], [1, 1], [0, 0]],
    ['minimum of equal numbers', x => minimum(x, 1), [1, 2, 0], [0.5, 0, 1], [0, 0, 0]],
    ['minimum of a value and itself', x => minimum(x, x), [1, 2], [1, 1], [0, 0]],
    ['huber at its bounds', x => huber(x), [-1, 1, 0, 0.5, -2], [-1, 1, 0, 0.5, -1], [0.5, 0.5, 1, 1, 0]],
    ['huber of infinities', x => huber(x, 2), [Infinity, -Infinity], [2, -2], [0, 0]],
    [
      'huber as a function of delta',
      delta => huber(delta.tape.constant([3, -3, 1, -2]), delta),
      [2, 2, 2, 2],
      [1, 1, 0, 0],
      [-1, -1, 0, 0],
    ],
    ['sort with ties', x => mul(sort(x), x.tape.constant([1, 2, 3])), [2, 1, 2], [2, 1, 3], [0, 0, 0]],
    ['topK with ties', x => topK(x, 1)[0], [1, 2, 2], [0, 1, 0], [0, 0, 0]],
    ['clamp on its bounds', x => clamp(x, -1, 1), [-1, 1, 0, 2, -2], [0.5, 0.5, 1, 0, 0], [0, 0, 0, 0, 0]],
    ['max with ties', max, [3, 1, 3, 3, 2], [1 / 3, 0, 1 / 3, 1 / 3, 0], [0, 0, 0, 0, 0]],
    ['max of equal numbers only', max, [2, 2], [0.5, 0.5], [0, 0]],
    [
      'segmentMax with ties',
      x => slice(segmentMax(x, [1, 0, 1, 1, 0], 3), 0, 2),
      [3, 1, 3, 3, 2],
      [1 / 3, 0, 1 / 3, 1 / 3, 1],
      [0, 0, 0, 0, 0],
    ],
    ['segmentMin with ties', x => segmentMin(x, [0, 0, 0], 1), [3, 1, 1], [0, 0.5, 0.5], [0, 0, 0]],
    ['segmentMax of −∞ only', x => segmentMax(x, [0, 0], 1), [-Infinity, -Infinity], [0.5, 0.5], [0, 0]],
    ['max of −∞ only', max, [-Infinity, -Infinity], [0.5, 0.5], [0, 0]],
    ['min with ties', min, [3, 1, 1], [0, 0.5, 0.5], [0, 0, 0]],
    [
      'cosineCutoff at 0 and at the cutoff',
      x => cosineCutoff(x, 2),
      [0, 2, 3],
      [0, 0, 0],
      [-(Math.PI ** 2) / 8, 0, 0],
    ],
  ];

  test.each(kinks)('for %s', (_name, f, entries, slope, second) => {
    const [, first, curvature] = derivatives(f, entries) as [number[], number[], number[]];
    expectClose(first, slope, 4 * ulp);
    expectClose(curvature, second, 4 * ulp);
  });

  test('the distance of coincident points has gradient 0, to second order', () => {
    const tape = new Tape();
    const a = tape.parameter([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    const b = tape.parameter([[1, 2, 3]]);
    const distances = pairDistances(a, b);
    const [da, db] = gradient(sum(distances), [a, b]);
    const [daa] = gradient(sum(square(da)), [a]);
    const length = Math.sqrt(14);
    const [values, onA, onB, second] = evaluate([distances, da, db, daa]);
    expectClose(values, [0, length], 4 * ulp);
    expectClose(onA, [0, 0, 0, -1 / length, -2 / length, -3 / length], 4 * ulp);
    expectClose(onB, [1 / length, 2 / length, 3 / length], 4 * ulp);
    expectClose(second, [0, 0, 0, 0, 0, 0], 4 * ulp, 1);
  });

  test('max, min, relu, abs, maximum and minimum propagate NaN', () => {
    const places = [[Number.NaN], [Number.NaN, 1], [1, Number.NaN], [-Infinity, Number.NaN, Infinity]];
    for (const f of [max, min]) {
      for (const entries of places) expect(derivatives(f, entries, 0)).toEqual([[Number.NaN]]);
    }
    for (const f of [relu, abs, (x: Value) => maximum(x, 0), (x: Value) => minimum(0, x)]) {
      expect(derivatives(f, [Number.NaN], 0)).toEqual([[Number.NaN]]);
    }
  });
});

describe('steps and remainders', () => {
  const valuesOf = (op: (x: Value) => Value, entries: readonly number[]) => derivatives(op, entries, 0)[0];

  test('round rounds halves to even', () => {
    const entries = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, -0.49999999999999994, 2.4, -2.6];
    expect(valuesOf(round, entries)).toEqual([0, 2, 2, -0, -2, -2, 0, -0, 2, -3]);
    const whole = [2 ** 52 + 1, -(2 ** 53), 1e300, 0, -0, Infinity, -Infinity, Number.NaN];
    for (const op of [round, ceil, trunc, floor]) expect(valuesOf(op, whole)).toEqual(whole);
    expect(valuesOf(round, [2 ** 51 + 0.5, 2 ** 51 + 1.5])).toEqual([2 ** 51, 2 ** 51 + 2]);
  });

  test('ceil rounds up, and trunc rounds towards 0', () => {
    expect(valuesOf(ceil, [0.1, -0.1, 1e-300, -1e-300, -1.5])).toEqual([1, -0, 1, -0, -1]);
    expect(valuesOf(trunc, [1.9, -1.9, 0.1, -0.1, 1e-300])).toEqual([1, -1, 0, -0, 0]);
  });

  test.each([
    // [a, b, a mod b] as in NumPy, except the last three, which the doc block of mod explains.
    [-1, 3, 2],
    [1, -3, -2],
    [-7, -3, -1],
    [5.5, 2, 1.5],
    [6, -3, 0],
    [-1e-20, 1, 1],
    [1, Infinity, 1],
    [-1, Infinity, Infinity],
    [1, -Infinity, -Infinity],
    [0, Infinity, 0],
    [1, 0, Number.NaN],
    [Infinity, 2, Number.NaN],
    [Infinity, Infinity, Number.NaN],
    [Number.NaN, 2, Number.NaN],
    [1, Number.NaN, Number.NaN],
    [1, 0.1, 0],
    [1e300, 1e-10, 0],
    [1e17, 0.3, 0],
  ])('%d mod %d is %d', (a, b, expected) => {
    const [actual] = valuesOf(x => mod(x, b), [a]) as [number];
    expect(Object.is(actual, expected) || actual === expected).toBe(true);
  });

  test('a remainder is 0 or has the sign of the divisor, and is at most as large as the divisor', () => {
    for (let i = 1; i < 2000; i++) {
      const [a, b] = [Math.sin(i) * 10 ** (i % 7), Math.sin(3 * i + 1)];
      const [actual] = valuesOf(x => mod(x, b), [a]) as [number];
      expect(actual * b).toBeGreaterThanOrEqual(0);
      expect(Math.abs(actual)).toBeLessThanOrEqual(Math.abs(b));
    }
  });

  test('the slope of a remainder by its divisor is −⌊a/b⌋', () => {
    expect(derivatives(b => mod(7, b), [2, -2, 3, 10], 1)[1]).toEqual([-3, 4, -2, -0]);
  });

  test('not, and, or treat every number except 0 as true', () => {
    const entries = [0, -0, 1, -2, Number.NaN, Infinity, 5e-324];
    expect(valuesOf(not, entries)).toEqual([1, 1, 0, 0, 0, 0, 0]);
    expect(valuesOf(x => and(x, 1), entries)).toEqual([0, 0, 1, 1, 1, 1, 1]);
    expect(valuesOf(x => and(0, x), entries)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(valuesOf(x => or(x, 0), entries)).toEqual([0, 0, 1, 1, 1, 1, 1]);
    expect(valuesOf(x => or(Number.NaN, x), entries)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(valuesOf(isNan, entries)).toEqual([0, 0, 0, 0, 1, 0, 0]);
    expect(valuesOf(x => notEqual(x, x), entries)).toEqual([0, 0, 0, 0, 1, 0, 0]);
    expect(valuesOf(x => lessEqual(x, x), entries)).toEqual([1, 1, 1, 1, 0, 1, 1]);
    expect(valuesOf(x => greaterEqual(x, 0), entries)).toEqual([1, 1, 1, 0, 0, 1, 1]);
  });
});

test('stopGradient passes back no gradient, also at second order', () => {
  expect(derivatives(x => mul(x, stopGradient(x)), [3, -2])).toEqual([
    [9, 4],
    [3, -2],
    [0, 0],
  ]);
  expect(derivatives(x => stopGradient(exp(x)), [0], 1)).toEqual([[1], [0]]);
});

describe('pow', () => {
  // [base, exponent, value, first and second derivative by the base]
  const powers: [number, number, number, number, number][] = [
    [0, 0, 1, 0, 0],
    [0, 1, 0, 1, 0],
    [0, 2, 0, 0, 2],
    [0, 3, 0, 0, 0],
    [0, 0.5, 0, 0, 0],
    [0, 0.3, 0, 0, 0],
    [0, 1.5, 0, 0, 0],
    [0, 2.7, 0, 0, 0],
    [0, 17, 0, 0, 0],
    [0, -1, Infinity, -Infinity, Infinity],
    [-1, 17, -1, 17, -272],
    [-1, -18, 1, 18, 342],
    [-2, 0, 1, 0, 0],
    [-2, 1, -2, 1, 0],
    [-2, 2, 4, -4, 2],
    [-2, 3, -8, 12, -12],
    [-2, -1, -0.5, -0.25, -0.25],
    [4, 0.5, 2, 0.25, -1 / 32],
    [2, 0, 1, 0, 0],
  ];

  test.each(powers)(
    '%d to the power %d has the right value and derivatives',
    (base, exponent, ...expected) => {
      expectClose(derivatives(x => pow(x, exponent), [base]).flat(), expected, 4 * ulp);
      const byValue = (x: Value) => pow(x, x.tape.constant(exponent));
      expectClose(derivatives(byValue, [base]).flat(), expected, 4 * ulp);
    },
  );

  test.each([
    // [base, exponent, ∂/∂b = aᵇ ln a, ∂²/∂b², ∂²/∂a∂b = aᵇ⁻¹ (1 + b ln a)]
    [1, 3, 0, 0, 1],
    [2, 3, 8 * Math.LN2, 8 * Math.LN2 ** 2, 4 * (1 + 3 * Math.LN2)],
    [2, 1, 2 * Math.LN2, 2 * Math.LN2 ** 2, 1 + Math.LN2],
    [2, 0, Math.LN2, Math.LN2 ** 2, 0.5],
  ])(
    '%d to the power %d has the right derivatives by the exponent',
    (base, exponent, slope, second, mixed) => {
      const tape = new Tape();
      const [a, b] = [tape.parameter(base), tape.parameter(exponent)];
      const [db] = gradient(pow(a, b), [b]);
      const [da] = gradient(pow(a, b), [a]);
      const [dbb, dba] = gradient(db, [b, a]);
      const [dab] = gradient(da, [b]);
      const actual = evaluate([db, dbb, dba, dab]).map(({ data: [only] }) => only as number);
      expectClose(actual, [slope, second, mixed, mixed], 4 * ulp);
    },
  );

  test('by a literal exponent is one op; all exponents that are not multiples of ½ share one plan', () => {
    const executor = jit();
    const run = (exponent: number) => {
      const x = new Tape().parameter([1.5, 2]);
      const power = pow(x, exponent);
      const y = sum(power);
      const [value, slope] = executor.run([y, ...gradient(y, [x])]);
      expectClose(value?.data ?? [], 1.5 ** exponent + 2 ** exponent, 8 * ulp);
      expectClose(
        slope?.data ?? [],
        [1.5, 2].map(base => exponent * base ** (exponent - 1)),
        8 * ulp,
      );
      return power.op;
    };
    const others = Array.from({ length: 50 }, (_, i) => run((i - 20) / 3 + 0.05));
    expect(new Set(others).size).toBe(1);
    expect(executor.planned).toBe(1);
    for (const exponent of [2.5, 3, -0.5, 12]) expect(run(exponent)).toBe(run(exponent));
    expect(executor.planned).toBe(5);
  });

  test('of base 0 has derivative 0 by the exponent', () => {
    expect(
      derivatives(b => pow(b.tape.constant(0), b), [1, 2, 0.5], 3)
        .slice(1)
        .flat(),
    ).toEqual(Array(9).fill(0));
  });
});

describe('where: the branch not taken has no effect on values and on gradients up to third order', () => {
  // Each branch is finite at 2. At one or more of the other entries, the branch or a derivative is not finite.
  const entries = [0, -1, 1000, Number.NaN, -Infinity, 2];
  const branches: [string, (x: Value, k: Value) => Value][] = [
    ['log x', x => log(x)],
    ['√x', x => sqrt(x)],
    ['k/x', (x, k) => div(k, x)],
    ['x^−1.5', x => pow(x, -1.5)],
    ['x^k', (x, k) => pow(x, k)],
    ['k^x', (x, k) => pow(k, x)],
    ['e^x', x => exp(x)],
    ['expm1 x', x => expm1(x)],
    ['log1p x', x => log1p(x)],
    ['x log x', x => mul(x, log(x))],
    ['k √x', (x, k) => mul(k, sqrt(x))],
    ['k² √x', (x, k) => mul(square(k), sqrt(x))],
    ['log log x', x => log(log(x))],
    ['√ log x', x => sqrt(log(x))],
    ['tanh(k/x)', (x, k) => tanh(div(k, x))],
    ['e^x/e^2x', x => div(exp(x), exp(mul(2, x)))],
    ['√x · log x · k/x', (x, k) => mul(mul(sqrt(x), log(x)), div(k, x))],
  ];

  // Derivatives of the branches are used as branches, too, as in a masked force.
  const forces = branches.map(([name, branch]): (typeof branches)[number] => [
    `d/dx of ${name}`,
    (x, k) => gradient(sum(branch(x, k)), [x])[0],
  ]);

  /**
   * Sum of the branch over the entries where x is 2, and its gradients by x and k up to third order. Each order
   * differentiates products of the gradients of the order before it.
   */
  function ladder(branch: (x: Value, k: Value) => Value, xs: number[]): number[][] {
    const tape = new Tape();
    const [x, k] = [tape.parameter(xs), tape.parameter(3)];
    let y = sum(where(equal(x, 2), branch(x, k), 0));
    const steps = [y];
    for (let order = 1; order <= 3; order++) {
      const [dx, dk] = gradient(y, [x, k]);
      steps.push(dx, dk);
      y = add(y, sum(mul(dx, add(1, dk))));
    }
    return evaluate(steps).map(({ data }) => [...data]);
  }

  test.each([...branches, ...forces])('%s', (_name, branch) => {
    const clean = ladder(branch, [2]);
    for (const [i, result] of ladder(branch, entries).entries()) {
      const expected = clean[i] as number[];
      // Results 1, 3 and 5 are gradients by x, which have an entry for each entry of x.
      expectClose(result, i % 2 === 1 ? [0, 0, 0, 0, 0, ...expected] : expected, 0);
      expect(expected.every(Number.isFinite)).toBe(true);
    }
  });
});
