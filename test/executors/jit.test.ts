import {
  defineOp,
  gradient,
  interpreter,
  jit,
  Memory,
  map,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import {
  add,
  div,
  exp,
  gather,
  greater,
  layerNorm,
  less,
  log,
  matmul,
  max,
  mul,
  neg,
  norm,
  pow,
  reshape,
  scaled,
  segmentSum,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  transpose,
  where,
} from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { proveExecutor } from '../support/executor-suite.ts';
import { expectSame, pairs } from '../support/executors.ts';

proveExecutor('jit()', jit, { precision: 'float64' });
proveExecutor("jit({ precision: 'float32' })", () => jit({ precision: 'float32' }), { precision: 'float32' });

describe('plans', () => {
  test('poses that differ in sizes and numbers share a plan; if two sizes become equal, a new plan is made', () => {
    const executor = jit();
    for (const count of [7, 100, 4096, 100]) expectSame(executor, interpreter(), pairs(count), 1e-12);
    expect(executor.planned).toBe(1);
    expectSame(executor, interpreter(), pairs(3), 1e-12);
    expect(executor.planned).toBe(2);
  });

  const cube = tensor(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 2, 2]);
  test.each<[string, (x: Value) => Value, (x: Value) => Value]>([
    ['the order of axes', x => transpose(x, [0, 2, 1]), x => transpose(x, [1, 0, 2])],
    ['the summed axis', x => sum(x, 0), x => sum(x, 1)],
    ['the reduction, to sums or maxima,', x => sum(x, 0), x => max(x, 0)],
    ['an exponent', x => pow(x, 2), x => pow(x, 3)],
    ['an expression', x => exp(x), x => softplus(x)],
    ['the order of operands', x => sub(x, mul(x, x)), x => sub(mul(x, x), x)],
    ['the order of ops', x => exp(softplus(x)), x => softplus(exp(x))],
  ])('structures that differ in %s share no plan', (_, f, g) => {
    const executor = jit();
    for (const each of [f, g, f])
      expectSame(executor, interpreter(), [each(new Tape().parameter(cube))], 1e-12);
    expect(executor.planned).toBe(2);
  });

  test('variadic expressions share a plan only if they have equally many inputs and the same formula', () => {
    const folded = (name: string, kind: 'add' | 'mul') =>
      defineOp({
        name,
        forward: map((s, ...terms) => terms.reduce((total, term) => s[kind](total, term))),
        vjp: () => g => g,
      });
    const [total, product] = [folded('total', 'add'), folded('product', 'mul')];
    const executor = jit();
    const x = () => new Tape().parameter(tensor([1, 3]));
    for (const op of [total, product]) expectSame(executor, interpreter(), [op(x())], 0);
    expect(executor.planned).toBe(1);
    for (const op of [total, product]) {
      const value = x();
      expectSame(executor, interpreter(), [op(value, value)], 0);
    }
    expect(executor.planned).toBe(3);
  });

  const numbers = [-1, 0, 0.5, 2];
  test.each<[string, (x: Value, k: Value) => Value]>([
    ['log', x => where(greater(x, 0), log(x), 0)],
    ['k√x, also by k', (x, k) => where(greater(x, 0), mul(k, sqrt(x)), 0)],
    ['√x · log x · k/x', (x, k) => where(greater(x, 0), mul(mul(sqrt(x), log(x)), div(k, x)), 0)],
    ['exp out of range', x => where(less(x, 1), exp(mul(-2000, sub(x, 1))), x)],
    [
      'k log x, in a segment sum',
      (x, k) => segmentSum(where(greater(x, 0), mul(k, log(x)), 0), [0, 1, 1, 0], 2),
    ],
  ])('a branch not taken leaves no trace in results or derivatives, to second order: %s', (_, f) => {
    const tape = new Tape();
    const wrt = [tape.parameter(tensor(numbers), 'x'), tape.parameter(tensor(0.7), 'k')] as const;
    const y = sum(f(...wrt));
    const slopes = gradient(y, wrt);
    const wanted = [...slopes, ...slopes.flatMap(slope => gradient(sum(square(slope)), wrt))];
    for (const { data } of interpreter().run(wanted.slice(0, 2)))
      expect([...data].some(Number.isNaN)).toBe(false);
    expectSame(jit(), interpreter(), wanted, 1e-12);
  });

  test('a masked product may be the condition of where()', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([0, 1, -1, 3]), 'x');
    const masked = scaled(tape.constant([0, 1, 0, 1]), log(x));
    expectSame(jit(), interpreter(), [where(masked, add(x, 10), x)], 1e-12);
  });

  // jit() may exchange a sum: Σ g[index]·f over terms becomes Σ g·(Σ f) over the rows of g. See engine/compile/guesses.ts.
  test.each([
    ['a row that no index picks is infinite', [1, 2, 0], [1, 2, 3]],
    ['a row that no index picks and a picked row are infinite', [0, 2, 0], [1, 2, 3]],
    ['a row that no index picks and a term are infinite', [1, 2, 0], [1, Number.POSITIVE_INFINITY, 3]],
    ['a picked row is 0 and its term infinite', [1, 1, 2], [1, Number.POSITIVE_INFINITY, 3]],
    [
      'a row that no index picks is 0 and a picked term is infinite',
      [2, 0.1, 1],
      [1, Number.POSITIVE_INFINITY, 3],
    ],
  ])('an exchanged sum equals the interpreter’s if %s', (_, rows, terms) => {
    for (const times of [mul, scaled]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(rows), 'x');
      const f = tape.parameter(tensor(terms), 'f');
      const table = where(less(x, 0.5), log(x), where(less(x, 1.5), 0, log(x)));
      for (const g of [table, log(x)]) {
        const energy = sum(times(gather(g, [0, 1, 1]), square(f)));
        expectSame(jit(), interpreter(), [energy], 1e-12);
        expectSame(jit(), interpreter(), [energy, ...gradient(energy, [x, f])], 1e-12);
      }
    }
  });

  test('results that are not finite equal the interpreter’s', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([0, -1, 4]), 'x');
    const wanted = [log(x), ...gradient(sum(log(x)), [x]), ...gradient(sum(mul(exp(mul(x, 1000)), x)), [x])];
    expectSame(jit(), interpreter(), wanted, 1e-12);
  });

  test('a branch contains only values that its condition masks', () => {
    const tape = new Tape();
    const y = tape.parameter(tensor([1, 2, 3, 4]), 'y');
    const near = less(y, 2.5);
    const wanted = [sum(where(near, exp(y), 0)), sum(where(near, y, 0)), sum(square(y))];
    expectSame(jit(), interpreter(), wanted, 1e-12);
  });

  test('a branch around terms does not enclose an inner sum over the same axis that those terms need', () => {
    const tape = new Tape();
    const y = tape.parameter(tensor([1, 2, 3, 4, 5, 6], [2, 3]), 'y');
    const masked = where(less(y, 4.5), square(y), 0);
    const wanted = [sum(mul(masked, sum(masked, 1, true)), 1)];
    expectSame(jit(), interpreter(), [...wanted, ...gradient(sum(square(wanted[0] as Value)), [y])], 1e-12);
  });

  test('a branch may have a condition that needs an inner sum', () => {
    const tape = new Tape();
    const points = tape.parameter(tensor([0, 0.5, 1, 2, 3, 0.1, 0.7, 0.2], [4, 2]), 'points');
    const r = norm(points, 1);
    const energy = sum(where(less(r, 1.5), exp(mul(-1, r)), 0));
    expect(jit().explain([energy])).toMatch(/if \(/);
    for (const wanted of [[energy], [energy, ...gradient(energy, [points])]]) {
      expectSame(jit(), interpreter(), wanted, 1e-12);
    }
  });

  test('slices of equal shape but different starts are not merged', () => {
    const tape = new Tape();
    const y = tape.parameter(tensor([1, 2, 3, 4]), 'y');
    expectSame(jit(), interpreter(), [mul(slice(y, 0, 2), slice(y, 2, 4))], 0);
  });

  test('forward and backward of a pair scorer are one loop, and a cutoff is a branch around its body', () => {
    const text = jit().explain(pairs(50));
    expect(text.match(/for \(let i/g)).toHaveLength(1);
    expect(text.match(/Math\.exp\(/g)).toHaveLength(1);
    expect(text).toMatch(/if \(v\d+ < v\d+\) \{/);
  });

  test('a sum of gathered numbers times computed ones is exchanged, and stores no array with an entry per pair', () => {
    const tape = new Tape();
    const w = tape.parameter(tensor([0.4]), 'w');
    const count = 1000;
    const index = Int32Array.from({ length: count }, (_, i) => i % 5);
    const term = exp(tape.constant(Float64Array.from({ length: count }, (_, i) => Math.sin(i))));
    const energy = sum(square(segmentSum(mul(w, term), index, 5)));
    const wanted = [energy, ...gradient(energy, [w])];
    const memory = new Memory();
    expectClose(jit().run(wanted, { memory })[1] as Tensor, interpreter().run(wanted)[1] as Tensor, 1e-12);
    expect(memory.peak).toBeLessThan(count * 8);
  });

  test('equal subexpressions are computed once, and the code of a chain of softplus stays short', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([0.5, -0.25]), 'x');
    let y: Value = add(exp(x), mul(exp(x), 2));
    expect(
      jit()
        .explain([y])
        .match(/Math\.exp/g),
    ).toHaveLength(1);
    for (let link = 0; link < 16; link++) y = softplus(y);
    expect(jit().explain([y]).length).toBeLessThan(3000);
    expectSame(jit(), interpreter(), [y], 1e-12);
  });

  test.each<[string, (tape: Tape, v: Value, w: Value) => Value]>([
    ['the gradient’s seed', (_, v, w) => matmul(v, w)],
    ['the gradient’s seed twice, for a square of one entry', (_, v, w) => square(matmul(v, w))],
    ['a fill', (tape, v) => sum(matmul(v, tape.fill(2, [3, 2])))],
    ['a reshaped fill', (tape, v) => sum(matmul(reshape(tape.fill(2, [6]), [2, 3]), v))],
  ])('a matrix product of a fill is right to second order: %s', (_, f) => {
    const tape = new Tape();
    const v = tape.parameter(tensor([0.3, -1.2, 0.7]), 'v');
    const w = tape.parameter(tensor([2, 5, -3]), 'w');
    const y = f(tape, v, w);
    const slopes = gradient(y, [v, w]);
    const wanted = [y, ...slopes, ...gradient(sum(square(slopes[0])), [v, w])];
    for (const executor of [jit(), wasm()])
      expectSame(executor, interpreter(), wanted, executor.precision === 'float64' ? 1e-12 : 1e-6);
  });

  test('jit() and wasm() run a chain of thousands of ops, and a value used thousands of times', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([0.5, -0.25]), 'x');
    let y: Value = x;
    for (let i = 0; i < 1500; i++) y = add(mul(y, 0.999), mul(x, 1e-3));
    const wanted = [y, ...gradient(sum(square(y)), [x])];
    expectSame(jit(), interpreter(), wanted, 1e-12);
    expectSame(wasm(), interpreter(), wanted, 1e-3);
  });

  test.each<[string, (x: Value, v: Value) => Value]>([
    ['arrays', (_, v) => v],
    ['single numbers', x => x],
  ])('planning does not walk every path of a graph that uses each value twice: %s', (_, pick) => {
    const tape = new Tape();
    const x = tape.parameter(tensor(0.3), 'x');
    const v = tape.parameter(tensor([0.1, 0.2, 0.4]), 'v');
    let y = pick(x, v);
    for (let i = 0; i < 40; i++) y = add(mul(softplus(y), 0.5), square(mul(y, 0.7)));
    const energy = sum(exp(mul(-1, mul(v, y))));
    expectSame(jit(), interpreter(), [y, energy, ...gradient(energy, [x, v])], 1e-12);
  });

  test('the cache holds at most `structures` plans, and drops the least recently used plan', () => {
    const executor = jit({ structures: 2 });
    const chain = (length: number) => {
      const tape = new Tape();
      let y = tape.parameter(tensor([1, 2]), 'x');
      for (let i = 0; i < length; i++) y = softplus(y);
      return [y];
    };
    for (const length of [1, 2, 1, 3, 1]) executor.run(chain(length));
    expect(executor.planned).toBe(3);
    executor.run(chain(2));
    expect(executor.planned).toBe(4);
  });

  test.each([
    ['softmax', (x: Value) => softmax(x)],
    ['layerNorm', (x: Value) => layerNorm(x)],
    ['norm of rows', (x: Value) => norm(x, -1)],
    ['product with its transpose', (x: Value) => matmul(x, transpose(x))],
    ['rows divided by the column sums', (x: Value) => div(x, sum(x, 0))],
  ])('inner and outer sums of one loop nest are right to second order: %s', (_, f) => {
    const tape = new Tape();
    const x = tape.parameter(tensor([0.3, 1.2, 0.7, 0.9, 2.1, 0.4], [2, 3]), 'x');
    const [slope] = gradient(sum(square(f(x))), [x]);
    const wanted = [f(x), slope, ...gradient(sum(square(slope)), [x])];
    expectSame(jit(), interpreter(), wanted, 1e-12);
  });
});

test('0 and −0 are not merged', () => {
  const tape = new Tape();
  const x = tape.parameter(tensor([1, -2]));
  const wanted = [mul(x, tape.fill(0)), mul(x, neg(tape.fill(0)))];
  const numbers = jit()
    .run(wanted)
    .map(({ data }) => [...data]);
  expect(numbers).toEqual([
    [0, -0],
    [-0, 0],
  ]);
});

describe('in float32, the gradient of a maximum finds the largest entry', () => {
  const entries = Array.from({ length: 200 }, (_, i) => Math.sin(i * i));
  test.each<[string, (x: Value, stored: Value) => Value]>([
    ['of an input', x => x],
    ['of values that each loop recomputes', x => add(mul(x, 0.7), 0.1)],
    ['of values computed from stored numbers', (_, stored) => mul(stored, 0.7)],
    ['of values computed from sums', x => mul(sum(mul(x, 0.3), 1, true), x)],
  ])('%s', (_, f) => {
    for (const data of [Float64Array.from(entries), Float32Array.from(entries)]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(data, [5, 40]), 'x');
      const stored = mul(x, 0.3);
      const values = f(x, stored);
      const wanted = [stored, ...gradient(sum(square(max(values, 0))), [x]), ...gradient(max(values), [x])];
      expectSame(jit({ precision: 'float32' }), interpreter(), wanted, 1e-5);
    }
  });
});

describe('memory', () => {
  test('holds no array with an entry per pair, and is given back', () => {
    const executor = jit();
    const memory = new Memory();
    memory.take(1000);
    executor.run(pairs(500), { memory });
    // This leaves room for the energy and its gradients, of 3 entries and of 1, but not for an array of pairs.
    expect(memory.peak - 1000).toBeLessThanOrEqual(16 * 8);
    expect(memory.live).toBe(1000);
  });
});

describe('where code generation is forbidden', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test('jit() warns once, names the interpreter that runs instead, and gives the same results', () => {
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('Code generation from strings disallowed for this context');
    });
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const executors = [jit(), jit({ precision: 'float32' })];
    expect(warn).toHaveBeenCalledTimes(1);
    expect(executors.map(({ name }) => name)).toEqual([
      'interpreter float64 (jit: code generation is forbidden here)',
      'interpreter float32 (jit: code generation is forbidden here)',
    ]);
    expectSame(executors[0] as SyncExecutor, interpreter(), pairs(20), 0);
  });
});
