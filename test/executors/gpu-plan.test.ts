import fc from 'fast-check';
import { gradient, Tape, tensor, type Value } from 'posetape';
import { add, exp, gather, matmul, mul, segmentSum, softplus, square, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { structureOf } from '../../engine/compile/structure.ts';
import { liveValues } from '../../engine/executor.ts';
import { capacitiesOf } from '../../engine/gpu/capacity.ts';
import { stepSourcesOf } from '../../engine/gpu/pipeline.ts';
import { type KernelPlan, kernelsOf } from '../../engine/gpu/plan/kernels.ts';
import { poseArbitrary, programArbitrary } from '../support/programs.ts';
import { property } from '../support/property.ts';
import { toSecondOrder } from '../support/second-order.ts';

function planOf(wanted: readonly Value[], arrays = 6): KernelPlan {
  const live = liveValues(wanted);
  const structure = structureOf(live, wanted, 'float32');
  return kernelsOf(live, wanted, structure, capacitiesOf(live, structure.sizes), arrays);
}

const opsOf = (plan: KernelPlan) =>
  plan.steps.map(step => (step.kind === 'pack' ? ['pack'] : [...step.ops].sort()));

describe('kernels', () => {
  property(
    'of random programs read at most the allowed number of arrays, each written by an earlier step',
    programArbitrary({ steps: 12 }),
    poseArbitrary(),
    fc.integer({ min: 2, max: 6 }),
    (program, pose, arrays) => {
      const plan = planOf(toSecondOrder(program, pose), arrays);
      const written = new Set<number>();
      for (const step of stepSourcesOf(plan, 'float32')) {
        const read = step.passed.flatMap(({ kind, ...rest }) =>
          kind === 'buffer' && 'number' in rest ? [rest.number] : [],
        );
        expect(read.length).toBeLessThanOrEqual(arrays);
        for (const buffer of read) expect(written).toContain(buffer);
        written.add(step.buffer);
      }
      for (const buffer of plan.wanted) expect(written).toContain(buffer);
    },
  );

  test('a dense layer is one kernel: product, bias and activation', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor(new Float64Array(200), [20, 10]), 'x');
    const w = tape.parameter(tensor(new Float64Array(70), [10, 7]), 'w');
    const b = tape.parameter(tensor(new Float64Array(7)), 'b');
    expect(opsOf(planOf([softplus(add(matmul(x, w), b))]))).toEqual([['add', 'matmul', 'softplus']]);
  });

  test('a gather, a product and a segment sum are one kernel', () => {
    const tape = new Tape();
    const table = tape.parameter(tensor(new Float64Array(50), [10, 5]), 'table');
    const filter = tape.parameter(tensor(new Float64Array(150), [30, 5]), 'filter');
    const [from, to] = [new Int32Array(30), new Int32Array(30)];
    const plan = planOf([segmentSum(mul(gather(table, from), filter), to, 10)]);
    expect(opsOf(plan)).toEqual([['gather', 'mul', 'segmentSum']]);
  });

  test('an expensive value that several kernels need is computed once', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor(new Float64Array(100)), 'x');
    const y = exp(x);
    const computed = opsOf(planOf([square(y), sum(y)])).filter(ops => ops.includes('exp'));
    expect(computed).toEqual([['exp']]);
  });

  test('a sum of a million numbers is computed in stages, each adding up 128 numbers', () => {
    const tape = new Tape();
    const plan = planOf([sum(tape.constant(new Float64Array(1e6)))]);
    // The constant has the capacity 2²⁰.
    expect(plan.lengths).toEqual([2 ** 20 / 128, 2 ** 20 / 128 ** 2, 1]);
  });

  test('equal kernels of equal length share one source text', () => {
    const tape = new Tape();
    const layers = ['u', 'v', 'w'].map(name => tape.parameter(tensor(new Float64Array(16), [4, 4]), name));
    const y = layers.reduce(
      (x, w) => softplus(matmul(x, w)),
      tape.constant(tensor(new Float64Array(80), [20, 4])) as Value,
    );
    const texts = stepSourcesOf(planOf([y]), 'float32').map(({ text }) => text);
    expect(texts).toHaveLength(3);
    // The first kernel reads x from the inputs, the others read it from a buffer, so there are two texts.
    expect(new Set(texts).size).toBe(2);
  });

  test('an array too long to be addressed is an error that names its op, before any kernel runs', () => {
    const tape = new Tape();
    const [x, y] = [5000, 4000].map(length => tape.constant(new Float64Array(length))) as [Value, Value];
    const outer = mul(x, tape.constant(tensor(new Float64Array(4000), [4000, 1])));
    expect(() => planOf([outer])).toThrow(/mul would take 33554432 entries.*at most 16777216.*jit\(\)/);
    // The sum is computed without storing the products.
    expect(() => planOf([sum(outer), y])).not.toThrow();
  });
});

describe('capacities', () => {
  const capacity = (length: number, ...params: readonly number[]) => {
    const tape = new Tape();
    const x = tape.constant(new Float64Array(length));
    const wanted = [sum(x), ...params.map(size => sum(tape.parameter(new Float64Array(size))))];
    const live = liveValues(wanted);
    const { sizes } = structureOf(live, wanted, 'float32');
    return capacitiesOf(live, sizes)[sizes.indexOf(length)];
  };

  property(
    'are at least the length, and for a long array less than twice the length',
    fc.integer({ min: 2, max: 1e7 }),
    length => {
      expect(capacity(length)).toBeGreaterThanOrEqual(length);
      expect(capacity(length)).toBeLessThan(Math.max(129, 2 * length));
    },
  );

  test.each([
    [3, [], 3],
    [9, [], 128],
    [1493, [], 2048],
    [2868, [], 4096],
    [50, [50], 50],
  ])('length %d, with parameters of lengths %j, gets capacity %d', (length, params, expected) => {
    expect(capacity(length, ...params)).toBe(expected);
  });
});

test('in the gradient of a gathered table, each row sums its own terms', () => {
  const tape = new Tape();
  const table = tape.parameter(tensor(new Float64Array(12), [4, 3]), 'table');
  const rows = gather(table, new Int32Array(100));
  const [slope] = gradient(sum(square(rows)), [table]);
  const plan = planOf([slope]);
  expect(plan.segments).toEqual([{ index: 1, rows: expect.any(Number) }]);
  expect(plan.steps.at(-1)).toMatchObject({ kind: 'kernel', reads: [] });
});
