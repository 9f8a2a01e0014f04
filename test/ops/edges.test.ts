import { type Executor, gradient, interpreter, jit, Tape, type Tensor, type Value } from 'posetape';
import { gpu } from 'posetape/gpu';
import {
  add,
  and,
  angle,
  argmin,
  argsort,
  ceil,
  cosh,
  cumprod,
  cumsum,
  eigvalsh,
  gather,
  hypot,
  inverse,
  isNan,
  logAddExp,
  logSoftmax,
  logSumExp,
  mod,
  mul,
  not,
  or,
  pow,
  reciprocal,
  reshape,
  round,
  rsqrt,
  sinh,
  slice,
  sort,
  square,
  std,
  sum,
  takeAlongAxis,
  topK,
  trunc,
} from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, test } from 'vitest';
import { expectClose } from '../support/equal.ts';

/*
 * Ops and their first and second derivatives at infinities and at 0. Every executor must agree with the interpreter in
 * float64. extremes.test.ts compares the interpreter with numbers.
 */

const executors: [string, () => Executor | Promise<Executor>, tolerance: number][] = [
  ['interpreter in float32', () => interpreter({ precision: 'float32' }), 1e-6],
  ['jit', () => jit(), 1e-14],
  ['jit in float32', () => jit({ precision: 'float32' }), 1e-6],
  ['wasm', () => wasm(), 1e-6],
  ['gpu without a GPU', () => gpu({ mode: 'cpu' }), 1e-6],
  ['gpu without a GPU, in WebAssembly', () => gpu({ mode: 'webasm' }), 1e-6],
];

const infinite = Infinity;
const edges: [string, (x: Value) => Value, number[]][] = [
  ['logSumExp of −∞ only', x => logSumExp(x), [-infinite, -infinite]],
  ['logSumExp of −∞ and x', x => logSumExp(add(x.tape.constant([-infinite, -infinite]), x)), [2]],
  ['logSumExp with ∞', x => logSumExp(x), [infinite, 0, infinite]],
  [
    'logSumExp of rows, some of −∞ only or with ∞',
    x => square(logSumExp(reshape(x, [4, 2]), 1)),
    [0.5, 1, infinite, 0, -infinite, 1, 2, 2],
  ],
  ['a row of −∞ among others', x => logSumExp(reshape(x, [3, 2]), 1), [0, 1, -infinite, -infinite, 2, 2]],
  ['logSumExp of no numbers', x => logSumExp(x), []],
  ['logSoftmax far from the largest', x => slice(logSoftmax(x), 1), [1000, 0, -infinite]],
  [
    'steps',
    x => add(round(x), trunc(x), ceil(x), mod(x, 2)),
    [0.5, -0.5, 1.5, -0, infinite, -infinite, 2.5, -7],
  ],
  ['mod by a value', b => mod(7, b), [2, -2, infinite, -infinite, 0, 0.75]],
  ['hypot', x => hypot(x, x.tape.constant([0, 4, infinite, 1, 0, 1e-30])), [0, 3, 1, -infinite, -2, 1e-30]],
  [
    'logAddExp',
    x => logAddExp(x, x.tape.constant([-infinite, 0, infinite, 2])),
    [-infinite, 80, infinite, 2],
  ],
  ['conditions', x => mul(x, add(not(x), isNan(x), and(x, 1), or(x, x))), [0, -0, 2, infinite]],
  ['hyperbolic functions', x => add(sinh(x), cosh(x)), [0, -0, 1e-4, 21.9, 22.1, -30]],
  ['slopes of roots and reciprocals', x => add(rsqrt(x), reciprocal(x)), [0, 4, infinite]],
  [
    'sort of columns',
    x => mul(sort(reshape(x, [4, 2]), 0), x.tape.constant([[1], [2], [3], [4]])),
    [2, 0, infinite, -0, -infinite, 1, 2, 1],
  ],
  ['topK, values times indices', x => mul(...(topK(x, 3) as [Value, Value])), [1, 3, -0, 3, 0, infinite]],
  ['takeAlongAxis by argsort', x => takeAlongAxis(square(x), argsort(x), 0), [1, -3, 0.5, -0, 0, 2]],
  ['gather by argmin', x => gather(reshape(x, [3, 2]), argmin(reshape(x, [3, 2]), 0)), [1, 5, 4, 5, -2, 7]],
  ['a straight angle', x => angle(...corners(x)), [1, 0, 0, 0, 0, 0, -2, 0, 0]],
  ['cumprod', x => cumprod(x), [3, 0, 2, infinite, 1]],
  ['cumsum', x => cumsum(square(x)), [3, 0, 2, infinite, 1]],
  ['std', x => std(reshape(x, [2, 3]), -1), [2, 2, 2, 1, 2, 4]],
  [
    'eigenvalues, some equal',
    x => eigvalsh(reshape(x, [2, 3, 3])),
    [2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 0, 0, 0.5, 2, 0, 0, 0, 4],
  ],
  ['an inverse', x => inverse(reshape(x, [3, 3])), [3, 0.5, 0, 0.25, 2, 1, 0, 0, 4]],
  ['a root of a square', x => pow(sum(square(x)), 0.5), [0, 0]],
  ...[0.3, 0.5, 1.5, 2.7, 3, 17].map((exponent): [string, (x: Value) => Value, number[]] => [
    `x to the power ${exponent}`,
    x => pow(x, exponent),
    [0, 1.5, 0.25],
  ]),
  ['a negative number to a whole power', x => pow(x, -17), [-1, -1.25, 1]],
  ['x to the power of a value', x => pow(x, x.tape.constant([0.5, 0.5, 1.5, 2, -3])), [0, 2, 0, 0, -1.5]],
];

function corners(x: Value): [Value, Value, Value] {
  const [a, b, c] = [0, 3, 6].map(start => slice(x, start, start + 3)) as [Value, Value, Value];
  return [a, b, c];
}

describe.each(executors)('%s', (_name, make, tolerance) => {
  test.each(edges)('agrees with the interpreter in float64: %s', async (_what, f, entries) => {
    const x = new Tape().parameter(entries);
    const y = sum(f(x));
    const [slope] = gradient(y, [x]);
    const wanted = [y, slope, ...gradient(sum(slope), [x])];
    const actual = await (await make()).run(wanted);
    for (const [i, expected] of interpreter().run(wanted).entries())
      expectClose(
        actual[i] as Tensor,
        expected,
        tolerance,
        1 + Math.max(0, ...expected.data.filter(Number.isFinite).map(Math.abs)),
      );
  });
});
