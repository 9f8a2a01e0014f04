import {
  type Executor,
  evaluate,
  gradient,
  interpreter,
  Memory,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import {
  add,
  gather,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  segmentSum,
  square,
  stopGradient,
  sum,
} from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { proveExecutor } from '../support/executor-suite.ts';

const float32 = interpreter({ precision: 'float32' });

proveExecutor('interpreter({ precision: "float32" })', () => float32, {
  precision: 'float32',
  reference: interpreter(),
});

describe('results belong to the caller', () => {
  test('no result shares memory with a parameter, a constant, an index, or another result', () => {
    const inputs = [Float64Array.of(1, 2), Float64Array.of(3, 4), Float32Array.of(5, 6), Int32Array.of(1, 0)];
    const [first, second, third, index] = inputs as [Float64Array, Float64Array, Float32Array, Int32Array];
    const tape = new Tape();
    const x = tape.parameter(first);
    const y = square(x);
    const wanted = [
      x,
      tape.constant(second),
      tape.constant(third),
      tape.constant(index),
      reshape(x, [2, 1]),
      stopGradient(x),
      y,
      y,
      reshape(y, [1, 2]),
      stopGradient(y),
    ];
    for (const executor of [interpreter(), float32]) {
      const arrays = executor.run(wanted).map(({ data }) => data);
      expect(new Set([...arrays, ...inputs].map(({ buffer }) => buffer)).size).toBe(
        arrays.length + inputs.length,
      );

      const before = arrays.map(array => [...array]);
      for (const array of arrays) array.fill(77);
      expect(inputs.map(array => [...array])).toEqual([
        [1, 2],
        [3, 4],
        [5, 6],
        [1, 0],
      ]);
      expect(executor.run(wanted).map(({ data }) => [...data])).toEqual(before);
    }
  });

  test('even the first result of a run that stops after it', () => {
    const data = Float64Array.of(1, 2);
    const x = new Tape().parameter(data);
    const [only] = interpreter().run([x, neg(x)], { proceed: () => false });
    only?.data.fill(77);
    expect([...data]).toEqual([1, 2]);
  });
});

describe('the wanted values', () => {
  test('are returned in order, with shapes, and as often as they are wanted', () => {
    const x = new Tape().parameter([[1, 2, 3]]);
    const [y, z] = [neg(x), sum(x)];
    expect(evaluate([z, y, x, z])).toEqual([
      { data: Float64Array.of(6), shape: [] },
      { data: Float64Array.of(-1, -2, -3), shape: [1, 3] },
      { data: Float64Array.of(1, 2, 3), shape: [1, 3] },
      { data: Float64Array.of(6), shape: [] },
    ]);
    expect(evaluate([])).toEqual([]);
  });

  test('give a tuple with one tensor for each value', () => {
    const x = new Tape().parameter([1, 2]);
    const [y, dx]: readonly [Tensor, Tensor] = evaluate([sum(x), ...gradient(sum(x), [x])]);
    expect([[...y.data], [...dx.data]]).toEqual([[3], [1, 1]]);
  });

  test('must be on one tape', () => {
    const [x, y] = [new Tape().parameter(1), new Tape().parameter(1)];
    expect(() => evaluate([x, y])).toThrow('evaluate: the wanted values are on different tapes');
  });

  test('come as a promise from an asynchronous executor', async () => {
    const later: Executor = { ...interpreter(), run: async wanted => interpreter().run(wanted) };
    const answer = evaluate([new Tape().parameter(3)], { executor: later });
    expect(answer).toBeInstanceOf(Promise);
    expect((await answer)[0].data).toEqual(Float64Array.of(3));
  });
});

describe('proceed', () => {
  const tape = new Tape();
  const x = tape.parameter([1, 2]);
  const y = sum(x);
  const z = neg(y);

  test('is called once, with the first wanted value', () => {
    const offered: Tensor[] = [];
    const proceed = (first: Tensor) => offered.push({ ...first, data: first.data.slice() }) === 1;
    expect(
      interpreter()
        .run([y, z], { proceed })
        .map(({ data }) => [...data]),
    ).toEqual([[3], [-3]]);
    expect(offered).toEqual([{ data: Float64Array.of(3), shape: [] }]);
  });

  test('ends the run with that value alone if it returns false', () => {
    expect(interpreter().stops).toBe(true);
    expect(interpreter().run([y, z], { proceed: () => false })).toEqual([
      { data: Float64Array.of(3), shape: [] },
    ]);
    expect(interpreter().run([z, y], { proceed: () => false })).toEqual([
      { data: Float64Array.of(-3), shape: [] },
    ]);
  });
});

describe('precision', () => {
  test('is float64 by default, and part of the name', () => {
    expect([interpreter(), float32].map(({ name, precision }) => [name, precision])).toEqual([
      ['interpreter float64', 'float64'],
      ['interpreter float32', 'float32'],
    ]);
    const x = new Tape().parameter(Float32Array.of(1));
    expect(interpreter().run([x])[0]?.data).toBeInstanceOf(Float64Array);
    expect(interpreter().run([neg(x)])[0]?.data).toBeInstanceOf(Float64Array);
    expect(float32.run([x])[0]?.data).toBeInstanceOf(Float32Array);
    expect(float32.run([neg(x)])[0]?.data).toBeInstanceOf(Float32Array);
  });

  test('float32 rounds inputs and each result', () => {
    const [a, b, c] = [0.1, 0.7, 12.3].map(Math.fround) as [number, number, number];
    const tape = new Tape();
    const y = mul(add(tape.parameter(0.1), tape.constant([0.7])), 12.3);
    expect(float32.run([y])[0]?.data).toEqual(Float32Array.of(Math.fround(a + b) * c));
  });

  // Adding 1 does not change a float32 number that is 2²⁴ or larger.
  const tape = new Tape();
  const x = tape.parameter([2 ** 24, 1, 1, 1, 1]);
  const sums: [how: string, total: Value][] = [
    ['sum', sum(x)],
    ['mean', mul(mean(x), 5)],
    ['matmul', matmul(x, tape.constant([1, 1, 1, 1, 1]))],
    ['segmentSum', sum(segmentSum(x, [0, 0, 0, 0, 0], 1))],
    ['accumulated cotangents', fanOut([1, 1, 1, 1, 2 ** 24])],
    ['accumulated rows', gathered([1, 1, 1, 1, 2 ** 24])],
  ];

  /** Gradient of Σ wᵢx by x: the sum of the weights. Reverse mode adds them up from the last to the first. */
  function fanOut(weights: readonly number[]): Value {
    const once = tape.parameter(1);
    const uses = weights.map(weight => mul(weight, once)).reduce((a, b) => add(a, b));
    return gradient(uses, [once])[0];
  }

  /** Sum of the weights, computed as a gradient by a table of one row, which is gathered once for each weight. */
  function gathered(weights: readonly number[]): Value {
    const table = tape.parameter([1]);
    const uses = weights.map(weight => mul(weight, sum(gather(table, [0])))).reduce((a, b) => add(a, b));
    return sum(gradient(uses, [table])[0]);
  }

  test.each(sums)('float32 adds up in float64 within an op: %s', (_how, total) => {
    expect(float32.run([total])[0]?.data).toEqual(Float32Array.of(2 ** 24 + 4));
  });

  test('float32 does not round index data', () => {
    const index = tape.constant(tensor(Int32Array.of(0, 2 ** 24 + 1)));
    expect(float32.run([index])[0]?.data).toEqual(Int32Array.of(0, 2 ** 24 + 1));
  });
});

test('onValue gets each value in order, while the arrays of its inputs are still held', () => {
  const column = Float64Array.of(1, 2, 3);
  const x = new Tape().parameter(column);
  const doubled = add(x, x);
  const table = gather(reshape(doubled, [3, 1]), Int32Array.of(2));
  const wanted = [sum(square(doubled)), ...gradient(sum(table), [x])];
  const memory = new Memory();
  const reported: [id: number, numbers: number[], bytes: number][] = [];
  const results = interpreter().run(wanted, {
    memory,
    onValue: ({ id }, { data }) => reported.push([id, [...data], memory.live]),
  });

  // The parameter is not copied, so the memory holds only `doubled` after it is computed.
  const [, numbers, bytes] = reported[1] as (typeof reported)[number];
  expect({ numbers, bytes }).toEqual({ numbers: [2, 4, 6], bytes: 3 * 8 });
  const ids = reported.map(([id]) => id);
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  for (const [n, { id }] of wanted.entries()) {
    expect(reported.find(each => each[0] === id)?.[1]).toEqual([...(results[n] as Tensor).data]);
  }
  expect(Math.max(...reported.map(each => each[2]))).toBe(memory.peak);
});
