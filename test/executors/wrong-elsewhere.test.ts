import {
  type Executor,
  gradient,
  interpreter,
  jit,
  Tape,
  type Tensor,
  type TensorSource,
  tensor,
  type Value,
} from 'posetape';
import { boltzmann, combinePoses, lse, mean } from 'posetape/combine';
import { gpu } from 'posetape/gpu';
import {
  abs,
  add,
  concat,
  div,
  exp,
  expm1,
  floor,
  layerNorm,
  less,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  max,
  maximum,
  minimum,
  mul,
  neg,
  norm,
  pow,
  reshape,
  segmentSum,
  sign,
  sin,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  where,
} from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { expectClose } from '../support/equal.ts';

/*
 * Programs that other engines, or earlier versions of this one, computed wrongly. Their right values are worked out by
 * hand or computed by the interpreter. Some have conditions that are any number, gradients of maxima, infinities or signed
 * zeros; others are very deep or long.
 */

const cpu = await gpu({ mode: 'cpu' });
const webasm = await gpu({ mode: 'webasm' });
const executors: readonly Executor[] = [
  interpreter(),
  interpreter({ precision: 'float32' }),
  jit(),
  jit({ precision: 'float32' }),
  wasm(),
  wasm({ relaxed: false }),
  cpu,
  webasm,
];
afterAll(() => Promise.all([cpu.dispose(), webasm.dispose()]));

/** Declares a test for each executor. */
const onEach = test.each(executors.map((executor, i) => [`${executor.name} (${i})`, executor] as const));

const toleranceOf = ({ precision }: Executor) => (precision === 'float64' ? 1e-12 : 1e-5);

/** Runs the values that a program records for some parameters, and returns their entries. */
async function run(
  executor: Executor,
  params: readonly TensorSource[],
  program: (...params: Value[]) => readonly Value[],
): Promise<number[][]> {
  const tape = new Tape();
  const wanted = program(...params.map((param, i) => tape.parameter(param, `p${i}`)));
  return (await executor.run(wanted)).map(({ data }) => [...data]);
}

function expectNear(executor: Executor, actual: readonly number[][], expected: readonly number[][]): void {
  const tolerance = toleranceOf(executor);
  expect(actual.map(numbers => numbers.length)).toEqual(expected.map(numbers => numbers.length));
  for (const [i, numbers] of expected.entries()) {
    for (const [k, number] of numbers.entries()) expectClose(actual[i]?.[k] ?? Number.NaN, number, tolerance);
  }
}

describe('a condition may be any number, and is true unless 0', () => {
  onEach('%s: Σ where(x, x·y, 0)', async (_, executor) => {
    const results = await run(
      executor,
      [
        [3, 0, 2],
        [5, 7, 11],
      ],
      (x, y) => {
        const total = sum(where(x as Value, mul(x as Value, y as Value), 0));
        return [total, ...gradient(total, [x as Value, y as Value])];
      },
    );
    expectNear(executor, results, [[37], [5, 0, 11], [3, 0, 2]]);
  });

  onEach('%s: Σ where(d, k/d, 0), guarding a division', async (_, executor) => {
    const results = await run(executor, [[2, 0, 4], 3], (d, k) => {
      const y = sum(where(d as Value, div(k as Value, d as Value), 0));
      return [y, ...gradient(y, [k as Value, d as Value])];
    });
    expectNear(executor, results, [[2.25], [0.75], [-0.75, 0, -0.1875]]);
  });

  onEach('%s: rows of where(q, q², 0)', async (_, executor) => {
    const results = await run(executor, [[0.5, 0, 2, 3]], p => {
      const q = reshape(p as Value, [2, 2]);
      return [sum(where(q, mul(q, q), 0), 1)];
    });
    expectNear(executor, results, [[0.25, 13]]);
  });

  onEach('%s: Σ where(x, a, b)·x, and its gradient', async (_, executor) => {
    const results = await run(executor, [[3, 0, 2], 2, 7], (x, a, b) => {
      const y = sum(mul(where(x as Value, a as Value, b as Value), x as Value));
      return [y, ...gradient(y, [a as Value, b as Value])];
    });
    expectNear(executor, results, [[10], [5], [0]]);
  });

  onEach('%s: NaN is true and −0 false, also nested and in its own branch', async (_, executor) => {
    const results = await run(
      executor,
      [
        [Number.NaN, -0, 0, -2, 1e-30],
        [1, 2, 3, 4, 5],
      ],
      (c, x) => [
        where(c as Value, x as Value, 0),
        sum(where(c as Value, where(c as Value, mul(x as Value, 2), 9), 0)),
        where(where(c as Value, x as Value, 0), 1, 0),
      ],
    );
    expectNear(executor, results, [[1, 0, 0, 4, 5], [20], [1, 0, 0, 1, 1]]);
  });

  test.each(['stream', 'recompute', 'full-graph'] as const)('inside combinePoses, by %s', async strategy => {
    for (const executor of executors) {
      const { predictions, gradient: slopes } = await combinePoses({
        poses: [
          [2, 0, 4],
          [1, 0, 0],
        ],
        params: { k: tensor(3) },
        score: (tape, { k }, distances) => {
          const d = tape.constant(distances);
          return sum(where(d, div(k, d), 0));
        },
        combination: mean(),
        strategy,
        executor,
      });
      expectNear(executor, [[...predictions], [...slopes.k.data]], [[2.25, 3], [(0.75 + 1) / 2]]);
    }
  });
});

describe('the gradient of a maximum that is computed again', () => {
  const entries = Float64Array.from({ length: 24 }, (_, i) => 1.5 + Math.sin(3 * i * i));
  test.each<[string, (x: Value) => Value]>([
    ['of shares', x => max(div(x, sum(x, 2, true)), 1)],
    ['of softmax', x => max(softmax(x, 2), 1)],
    ['of layerNorm', x => max(layerNorm(x), 1)],
    ['of shares along the other axis', x => max(div(x, sum(x, 1, true)), 2)],
    ['of shares of all', x => max(div(x, sum(x)), 0)],
    ['of shares times shares', x => max(mul(div(x, sum(x, 2, true)), div(x, sum(x, 0, true))), 1)],
  ])('%s equals the interpreter’s in float64', async (_, f) => {
    const tape = new Tape();
    const x = tape.parameter(tensor(entries, [4, 3, 2]), 'x');
    const wanted = gradient(sum(square(f(x))), [x]);
    const [expected] = interpreter().run(wanted);
    for (const executor of executors) {
      const [result] = await executor.run(wanted);
      // Terms that cancel may lose two digits of the result.
      const scale = Math.max(1, ...(expected as Tensor).data.map(Math.abs));
      expectClose(result as Tensor, expected as Tensor, 10 * toleranceOf(executor), scale);
    }
  });
});

describe('infinities, signed zeros and norms at 0', () => {
  onEach('%s: fills of 0 and −0 are not merged', async (_, executor) => {
    const [quotients] = await run(executor, [1], x => {
      const { tape } = x as Value;
      return [div(x as Value, concat([tape.fill(0, [1]), tape.fill(-0, [1])], 0))];
    });
    expect(quotients).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  onEach('%s: functions of ±0 have the signs of Math’s functions', async (_, executor) => {
    const functions = [
      [abs, Math.abs],
      [neg, (x: number) => -x],
      [sign, Math.sign],
      [floor, Math.floor],
      [expm1, Math.expm1],
      [log1p, Math.log1p],
      [sqrt, Math.sqrt],
      [sin, Math.sin],
      [tanh, Math.tanh],
    ] as const;
    const zeros = [-0, 0, -0, 0, -0];
    const results = await run(executor, [zeros], x => functions.map(([op]) => op(x as Value)));
    expect(results).toEqual(functions.map(([, expected]) => zeros.map(expected)));
  });

  onEach('%s: maximum and minimum order −0 before 0', async (_, executor) => {
    const results = await run(
      executor,
      [
        [-0, 0, -0, 0, 1, -1],
        [0, -0, -0, 0, 1, -1],
      ],
      (x, y) =>
        [0, -0].flatMap(zero => {
          const literal = (y as Value).tape.fill(zero);
          return [maximum, minimum].flatMap(f => [
            f(x as Value, literal),
            f(literal, x as Value),
            f(x as Value, y as Value),
          ]);
        }),
    );
    const [x, y] = [
      [-0, 0, -0, 0, 1, -1],
      [0, -0, -0, 0, 1, -1],
    ];
    const expected = [0, -0].flatMap(zero =>
      [Math.max, Math.min].flatMap(f => [
        x.map(each => f(each, zero)),
        x.map(each => f(each, zero)),
        x.map((each, i) => f(each, y[i] as number)),
      ]),
    );
    expect(results).toEqual(expected);
  });

  onEach('%s: logSumExp of a row with no entry but −∞, and of a row with +∞', async (_, executor) => {
    const [inf, ninf] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const results = await run(
      executor,
      [
        [ninf, ninf, 1, 1],
        [inf, 0],
      ],
      (a, b) => {
        const rows = reshape(a as Value, [2, 2]);
        const total = sum(where(less(-1e9, logSumExp(rows, 1)), logSumExp(rows, 1), 0));
        const largest = logSumExp(b as Value);
        return [total, ...gradient(total, [a as Value]), largest, ...gradient(largest, [b as Value])];
      },
    );
    expectNear(executor, results.slice(0, 2), [[1 + Math.LN2], [0, 0, 0.5, 0.5]]);
    expect(results[2]).toEqual([inf]);
    expectNear(executor, results.slice(3), [[1, 0]]);
  });

  onEach(
    '%s: a row with no entry but −∞ adds 0 to the gradient, and has the logSumExp −∞',
    async (_, executor) => {
      const results = await run(executor, [0.5], x => {
        const { tape } = x as Value;
        const rows = add(
          tape.constant(
            tensor([
              [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
              [0, 1],
            ]),
          ),
          mul(x as Value, tape.constant([0, 1])),
        );
        const z = logSumExp(tape.constant([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]));
        return [...gradient(sum(logSumExp(rows, 1)), [x as Value]), z];
      });
      const share = Math.exp(1.5) / (1 + Math.exp(1.5));
      expectNear(executor, results.slice(0, 1), [[share]]);
      expect(results[1]).toEqual([Number.NEGATIVE_INFINITY]);
    },
  );

  onEach('%s: logSumExp of an empty list is −∞', async (_, executor) => {
    const results = await run(executor, [new Float64Array(0)], x => [logSumExp(x as Value)]);
    expect(results).toEqual([[Number.NEGATIVE_INFINITY]]);
  });

  onEach('%s: logSoftmax is exact where softmax underflows', async (_, executor) => {
    const results = await run(executor, [[1000, 0]], x => {
      const y = logSoftmax(x as Value);
      return [y, ...gradient(sum(y), [x as Value])];
    });
    expectNear(executor, results, [
      [0, -1000],
      [-1, 1],
    ]);
  });

  onEach('%s: the gradient of pow(Σx², 0.5) at 0 is 0', async (_, executor) => {
    const results = await run(executor, [[0, 0]], x =>
      gradient(pow(sum(square(x as Value)), 0.5), [x as Value]),
    );
    expectNear(executor, results, [[0, 0]]);
  });

  test('norm has the documented subgradient 0 at 0, to second order', async () => {
    for (const executor of executors) {
      const results = await run(executor, [[0, 0]], x => {
        const [slope] = gradient(square(norm(x as Value)), [x as Value]);
        return [slope, ...gradient(sum(slope), [x as Value])];
      });
      expectNear(executor, results, [
        [0, 0],
        [0, 0],
      ]);
    }
  });
});

describe('deep and long programs are right:', () => {
  const syncExecutors = [jit(), jit({ precision: 'float32' }), wasm(), interpreter()];

  test('10,000 chained reshapes', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2, 3, 4, 5, 6], 'x');
    let y: Value = x;
    for (let i = 0; i < 5000; i++) y = reshape(reshape(y, [2, 3]), [6]);
    const wanted = [y, ...gradient(sum(square(y)), [x])];
    for (const executor of syncExecutors)
      expect(executor.run(wanted).map(({ data }) => [...data])).toEqual([
        [1, 2, 3, 4, 5, 6],
        [2, 4, 6, 8, 10, 12],
      ]);
  });

  test('3,000 softplus terms in one loop', () => {
    const tape = new Tape();
    const x = tape.parameter([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 'x');
    let y: Value = mul(x, 0.5);
    for (let i = 0; i < 3000; i++) y = add(y, softplus(mul(x, 1e-3 * i)));
    const wanted = [sum(y), ...gradient(sum(y), [x])];
    const expected = interpreter().run(wanted);
    for (const executor of syncExecutors) {
      for (const [i, result] of executor.run(wanted).entries())
        expectClose(result, expected[i] as Tensor, executor.precision === 'float64' ? 1e-11 : 1e-4);
    }
  });

  test('a full graph of 2,000 poses of equal size', async () => {
    const poses = Array.from({ length: 2000 }, (_, n) =>
      Array.from({ length: 9 }, (_, i) => 1 + Math.sin(n + i)),
    );
    const options = {
      poses,
      params: { depth: tensor(-1), width: tensor(2) },
      score: (tape: Tape, { depth, width }: { depth: Value; width: Value }, distances: number[]) =>
        mul(depth, sum(exp(mul(-1, square(mul(width, sub(tape.constant(distances), 1))))))),
      combination: boltzmann(),
    };
    const expected = await combinePoses(options);
    for (const executor of [jit(), wasm()]) {
      const { value, gradient: slopes } = await combinePoses({
        ...options,
        strategy: 'full-graph',
        executor,
      });
      expectClose(value, expected.value, executor.precision === 'float64' ? 1e-12 : 1e-5);
      expectClose(slopes.width, expected.gradient.width, executor.precision === 'float64' ? 1e-11 : 1e-3);
    }
  });

  test('a concatenation of 5,000 parts', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2], 'x');
    const whole = concat(
      Array.from({ length: 5000 }, (_, i) => mul(x, 1e-3 * i)),
      0,
    );
    const wanted = [whole, ...gradient(sum(square(whole)), [x])];
    const expected = interpreter().run(wanted);
    for (const executor of syncExecutors) {
      for (const [i, result] of executor.run(wanted).entries())
        expectClose(result, expected[i] as Tensor, toleranceOf(executor));
    }
  });

  test('130,000 values to differentiate by, and 130,000 uses of one value', () => {
    const tape = new Tape();
    const x = tape.parameter(2, 'x');
    const many = Array.from({ length: 130_000 }, (_, i) => (i % 2 ? mul(x, 1) : x));
    const y = many.reduce(add);
    expect(interpreter().run(gradient(y, many))).toHaveLength(130_000);
    expect(
      interpreter()
        .run([y, ...gradient(y, [x])])
        .map(({ data }) => data[0]),
    ).toEqual([260_000, 130_000]);
  });

  test('ops as callbacks of map and reduce of arrays', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2], 'x');
    const values = [x, mul(x, 2), mul(x, 3)];
    const wanted = [values.reduce(add), values.reduce(mul), ...values.map(exp)];
    expect(
      interpreter()
        .run(wanted.slice(0, 2))
        .map(({ data }) => [...data]),
    ).toEqual([
      [6, 12],
      [6, 48],
    ]);
  });

  test('a sum over the middle axis of a softmax over the last takes n³ steps, not n⁴', () => {
    const tape = new Tape();
    const n = 6;
    const x = tape.parameter(
      tensor(
        Float64Array.from({ length: n ** 3 }, (_, i) => Math.sin(i)),
        [n, n, n],
      ),
    );
    const y = sum(square(softmax(x, 2)), 1);
    for (const source of jit()
      .explain([y, ...gradient(sum(y), [x])])
      .split(/\n\n/)) {
      const deepest = Math.max(
        0,
        ...source
          .split('\n')
          .map(line => / *for \(let ([i-l])/.exec(line)?.[1])
          .map(index => 'ijkl'.indexOf(index ?? '') + 1),
      );
      expect(deepest).toBeLessThanOrEqual(3);
    }
    const wanted = [y, ...gradient(sum(y), [x])];
    const expected = interpreter().run(wanted);
    for (const [i, result] of jit().run(wanted).entries())
      expectClose(result, expected[i] as Tensor, 1e-12, 1);
  });
});

test('long sums of ones in float32 are exact: over an outer axis, and in a segment', () => {
  const count = 2 ** 25;
  const ones = new Float32Array(count).fill(1);
  const executor = jit({ precision: 'float32' });
  const tape = new Tape();
  const columns = tape.parameter(tensor(ones, [count / 2, 2]), 'columns');
  const rows = segmentSum(tape.parameter(ones, 'ones'), new Int32Array(count), 1);
  const results = executor.run([sum(columns, 0), rows]).map(({ data }) => [...data]);
  expect(results).toEqual([[count / 2, count / 2], [count]]);
});

test('of equal numbers computed in two ways, neither is less', async () => {
  const draw = (seed: number) =>
    Float32Array.from({ length: 500 }, (_, i) => Math.sin(seed + 12.9898 * i) * 3);
  const [x, y, z] = [draw(1), draw(2), draw(3)];
  for (const executor of executors) {
    const results = await run(executor, [x, y, z], (a, b, c) => {
      const product = mul(a as Value, b as Value);
      const [one, two] = [add(product, c as Value), add(mul(a as Value, b as Value), c as Value)];
      return [product, less(one, two), less(two, one)];
    });
    expect([...(results[1] as number[]), ...(results[2] as number[])].every(each => each === 0)).toBe(true);
  }
});

describe('plans', () => {
  test('powers with different literals share a plan', () => {
    const executor = jit();
    for (let i = 0; i < 20; i++) {
      const x = new Tape().parameter([1, 2], 'x');
      const y = sum(pow(x, 2.7 + i / 31));
      executor.run([y, ...gradient(y, [x])]);
    }
    expect(executor.planned).toBe(1);
  });

  test('an executor that plans most tapes anew warns once, with the reason', () => {
    const warnings: string[] = [];
    const spy = vi.spyOn(console, 'warn').mockImplementation(words => void warnings.push(words));
    const executor = jit();
    for (let i = 0; i < 200; i++) {
      const x = new Tape().parameter([1, 2], 'x');
      const features = Array.from({ length: 8 }, (_, bit) => mul(x, (i >> bit) & 1));
      executor.run([sum(features.reduce(add))]);
    }
    spy.mockRestore();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^jit float64: more than half of the last \d+ tapes had a new structure/);
    expect(warnings[0]).toMatch(/The last tape differs from the one before in %\d+ = fill \[\]/);
    expect(warnings[0]).toMatch(/Put numbers that vary from pose to pose on the tape with tape\.constant/);
  });

  test('an executor warns if it keeps dropping plans that it needs again', async () => {
    const warnings: string[] = [];
    const spy = vi.spyOn(console, 'warn').mockImplementation(words => void warnings.push(words));
    await combinePoses({
      poses: Array.from({ length: 200 }, (_, n) => 1 + (n % 8)),
      params: { k: tensor(3) },
      score: (_tape, { k }, terms) => Array.from({ length: terms }, () => exp(k)).reduce((a, b) => add(a, b)),
      combination: lse(),
      executor: jit({ structures: 4 }),
    });
    spy.mockRestore();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/whose plan was dropped \(the option structures is 4\)/);
  });

  test.each([0, -1, Number.NaN, null, 'x', 1.5])('rejects structures: %s', structures => {
    for (const make of [jit, wasm])
      expect(() => make({ structures: structures as number })).toThrow(
        /structures must be a whole number from 1, got/,
      );
  });
});

test('the smooth minimum of one pose is its score, on each executor', async () => {
  for (const executor of executors) {
    const { value } = await combinePoses({
      poses: [[2, 0, 4]],
      params: { k: tensor(3) },
      score: (tape, { k }, distances) => log(sum(exp(mul(k, where(tape.constant(distances), 1, 0))))),
      combination: lse(),
      executor,
    });
    expectClose(value, Math.log(2 * Math.exp(3) + 1), toleranceOf(executor));
  }
});
