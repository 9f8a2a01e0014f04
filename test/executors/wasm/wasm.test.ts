import {
  evaluate,
  gradient,
  interpreter,
  jit,
  Memory,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import { boltzmann, combinePoses } from 'posetape/combine';
import {
  add,
  div,
  exp,
  gather,
  layerNorm,
  less,
  log,
  matmul,
  max,
  mean,
  mul,
  norm,
  segmentSum,
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
import { posesFor } from '../../support/ensembles.ts';
import { expectClose, largest } from '../../support/equal.ts';
import { proveExecutor } from '../../support/executor-suite.ts';
import { expectSame, pairs } from '../../support/executors.ts';
import { type ScorerName, scorer } from '../../support/scorers.ts';

const executors = [wasm({ relaxed: false }), wasm()] as const;

// Up to 40 rows give full vectors of four lanes with and without a rest, and vectorised outer loops of short loops.
proveExecutor('wasm() as plain SIMD', () => wasm({ relaxed: false }), { precision: 'float32', rows: 40 });
proveExecutor('wasm()', wasm, { precision: 'float32', rows: 40 });

/** Deterministic numbers between −1 and 1. */
function numbers(length: number, seed = 1): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(7.3 * i + seed));
}

/** Fails unless both kinds of SIMD agree with the interpreter within `tolerance`. */
function expectEqual(wanted: readonly Value[], tolerance = 1e-6): void {
  for (const executor of executors) expectSame(executor, interpreter(), wanted, tolerance);
}

describe('loops agree with the interpreter:', () => {
  const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 33];
  test.each(lengths)('a row of %d numbers, which may not fill four lanes', length => {
    const tape = new Tape();
    const x = tape.parameter(tensor(numbers(length)), 'x');
    const y = exp(mul(x, 2));
    expectEqual([y, sum(y), ...gradient(sum(square(y)), [x]), ...(length > 0 ? [max(y)] : [])]);
  });

  test.each(lengths)('rows of %d numbers: sums and maxima along and across them', length => {
    const tape = new Tape();
    const x = tape.parameter(tensor(numbers(19 * length), [19, length]), 'x');
    const maxima = length > 0 ? [max(x, 1), ...gradient(sum(square(max(x, 1))), [x])] : [];
    const y = [sum(x, 0), sum(x, 1), sum(x), max(x, 0), ...maxima];
    expectEqual([...y, transpose(x), ...gradient(sum(square(sum(exp(x), 0))), [x])]);
  });

  test.each([1, 2, 3, 9, 40])(
    '%d points, each in a short loop: the outer loop runs four iterations at a time',
    count => {
      const tape = new Tape();
      const x = tape.parameter(tensor(numbers(3 * count), [count, 3]), 'x');
      const index = Int32Array.from({ length: 2 * count + 1 }, (_, i) => (5 * i) % count);
      const r = norm(add(gather(x, index), tape.constant([0.1, 0.2, 0.3])), 1);
      const y = sum(where(less(r, 1.2), exp(mul(-1, r)), 0));
      expectEqual([r, y, ...gradient(y, [x])]);
    },
  );

  test('a segment sum adds all lanes that belong to one row', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor(numbers(103)), 'x');
    for (const index of [(i: number) => i % 3, (i: number) => i >> 4, () => 0]) {
      const rows = Int32Array.from({ length: 103 }, (_, i) => index(i));
      const sums = segmentSum(exp(x), rows, 8);
      expectEqual([sums, ...gradient(sum(square(sums)), [x])]);
    }
  });

  test('sums over 300,000 rows are within 1e-6 of float64', () => {
    const count = 300_000;
    const tape = new Tape();
    const ones = tape.constant(Float32Array.from({ length: count }, (_, i) => 1 + (i % 7) * 0.1));
    const rows = tape.constant(tensor(numbers(count * 2).map(Math.abs), [count, 2]));
    const long = tape.constant(tensor(numbers(count * 2).map(Math.abs), [2, count]));
    const wanted = [sum(ones), mean(rows, 0), sum(square(rows)), sum(long), sum(square(long), 1)];
    expectEqual(wanted, 1e-6);
  });

  test.each([
    ['softmax', (x: Value) => softmax(x)],
    ['layerNorm', (x: Value) => layerNorm(x)],
    ['rows divided by the column sums', (x: Value) => div(x, sum(x, 0))],
    ['product with its transpose', (x: Value) => matmul(x, transpose(x))],
  ])('inner and outer sums of one loop nest: %s, to second order', (_, f) => {
    for (const [rows, columns] of [
      [2, 3],
      [5, 17],
      [12, 2],
    ] as const) {
      const tape = new Tape();
      const x = tape.parameter(
        tensor(
          numbers(rows * columns).map(entry => entry + 1.5),
          [rows, columns],
        ),
        'x',
      );
      const [slope] = gradient(sum(square(f(x))), [x]);
      // Slopes are sums of terms near 1 that cancel, so errors are relative to at least 1.
      const wanted = [f(x), slope, ...gradient(sum(square(slope)), [x])];
      for (const executor of executors) {
        const expected = interpreter().run(wanted);
        for (const [i, result] of executor.run(wanted).entries())
          expectClose(result, expected[i] as Tensor, 1e-5, Math.max(1, largest(expected[i] as Tensor)));
      }
    }
  });

  test('layers of a network run a band of rows at a time, without whole arrays between them', () => {
    const rows = 40_000;
    const tape = new Tape();
    const x = tape.constant(tensor(numbers(rows * 8), [rows, 8]));
    const [w, v] = [
      tape.parameter(tensor(numbers(8 * 16), [8, 16]), 'w'),
      tape.parameter(tensor(numbers(16, 2), [16, 1]), 'v'),
    ];
    const y = sum(matmul(softplus(matmul(x, w)), v));
    const wanted = [y, ...gradient(y, [w, v])];
    expectEqual(wanted, 1e-5);
    const memory = new Memory();
    executors[1].run(wanted, { memory });
    // The memory holds the input, and less than a quarter of one layer.
    expect(memory.peak).toBeLessThan(4 * rows * (8 + 16 / 4));
    expect(executors[1].explain(wanted)).toContain('a band at a time');
  });

  test('a layer that gathers rows of another layer runs after that layer is complete', () => {
    const rows = 20_000;
    const tape = new Tape();
    const x = tape.constant(tensor(numbers(rows * 8), [rows, 8]));
    const w = tape.parameter(tensor(numbers(8 * 16), [8, 16]), 'w');
    // The index is in reverse order, so no band contains the rows that it gathers.
    const index = Int32Array.from({ length: rows }, (_, i) => rows - 1 - i);
    const picked = gather(softplus(matmul(x, w)), index);
    const weighted = mul(picked, softplus(matmul(x, mul(w, 2))));
    expectEqual([sum(weighted, 1), ...gradient(sum(square(weighted)), [w])], 1e-5);
  });
});

describe('numbers that are not finite', () => {
  test('equal the interpreter’s', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([0, -1, 4, 1e30, Number.NaN, Infinity]), 'x');
    const wanted = [
      log(x),
      ...gradient(sum(log(x)), [x]),
      max(x),
      sum(where(less(x, 2), x, 0)),
      ...gradient(sum(mul(exp(mul(x, 1000)), x)), [x]),
    ];
    for (const executor of executors) {
      const expected = interpreter({ precision: 'float32' }).run(wanted);
      for (const [i, result] of executor.run(wanted).entries())
        expectClose(result, expected[i] as Tensor, 1e-6);
    }
  });

  test.each<[string, (x: Value, k: Value) => Value]>([
    ['log', x => where(less(0, x), log(x), 0)],
    ['k√x · k/x', (x, k) => where(less(0, x), mul(mul(k, sqrt(x)), div(k, x)), 0)],
    ['exp out of range', x => where(less(x, 1), exp(mul(-2000, sub(x, 1))), x)],
    [
      'in a sum over segments',
      (x, k) => segmentSum(where(less(0, x), mul(k, log(x)), 0), [0, 1, 1, 0, 1], 2),
    ],
  ])('do not leak from a branch not taken, to second order: %s', (_, f) => {
    const tape = new Tape();
    const wrt = [tape.parameter(tensor([-1, 0, 0.5, 2, 3]), 'x'), tape.parameter(tensor(0.7), 'k')] as const;
    const slopes = gradient(sum(f(...wrt)), wrt);
    expectEqual([...slopes, ...slopes.flatMap(slope => gradient(sum(square(slope)), wrt))], 1e-5);
  });
});

describe('the example scorers', () => {
  test.each<ScorerName>(['vina', 'schnet'])('%s: within 1e-5 of float64', async name => {
    const { poses } = await posesFor(name);
    const { score, params } = scorer(name);
    for (const pose of poses.slice(0, 8)) {
      const tape = new Tape();
      const theta = Object.entries(params).map(
        ([name, tensor]) => [name, tape.parameter(tensor, name)] as const,
      );
      const y = score(tape, Object.fromEntries(theta), pose);
      const wanted = [
        y,
        ...gradient(
          y,
          theta.map(([, value]) => value),
        ),
      ];
      for (const executor of executors) expectSame(executor, interpreter(), wanted, 1e-5);
    }
  });
});

describe('an executor', () => {
  test('shares a plan among poses of different size, and repeats results to the bit', () => {
    const executor = wasm();
    const first = executor.run(pairs(5000)).map(({ data }) => data.slice());
    for (const count of [20, 100, 4096]) expectSame(executor, interpreter(), pairs(count), 1e-5);
    expect(executor.planned).toBe(1);
    expect(executor.run(pairs(5000)).map(({ data }) => data)).toEqual(first);
    expect(
      wasm()
        .run(pairs(5000))
        .map(({ data }) => data),
    ).toEqual(first);
  });

  test('counts the memory of inputs, results and intermediate arrays, and frees it', () => {
    const memory = new Memory();
    memory.take(1000);
    const executor = wasm();
    executor.run(pairs(512), { memory });
    // The inputs are the distances and types of the pairs. All else takes less than a kilobyte.
    const inputs = 4 * 512 * 2;
    expect(memory.peak - 1000).toBeGreaterThan(inputs);
    expect(memory.peak - 1000).toBeLessThan(inputs + 1024);
    expect(memory.live).toBe(1000);
    const before = memory.peak;
    executor.run(pairs(512), { memory });
    expect(memory.peak).toBe(before);
  });

  test('a larger pose makes the memory grow, and changes no earlier result', () => {
    const executor = wasm();
    const [first] = executor.run(pairs(40));
    const copy = first?.data.slice();
    expectSame(executor, interpreter(), pairs(400_000), 1e-5);
    expect(first?.data).toEqual(copy);
    expectSame(executor, interpreter(), pairs(40), 1e-5);
  });

  test('parameters that changed between calls are read again', async () => {
    const executor = wasm();
    const data = numbers(1000);
    let calls = 0;
    const counted: SyncExecutor = {
      ...executor,
      run: (wanted, options) => {
        calls++;
        return executor.run(wanted, options);
      },
    };
    const params = { w: tensor(data) };
    const task = {
      poses: [1, 2, 3],
      params,
      score: (_: Tape, { w }: { w: Value }, pose: number) => sum(mul(w, pose)),
      combination: boltzmann(),
    };
    const before = await combinePoses({ ...task, executor: counted });
    expect(calls).toBe(3);
    data.fill(0.5);
    const after = await combinePoses({ ...task, executor });
    const expected = await combinePoses({ ...task, executor: interpreter() });
    expectClose(after.predictions, expected.predictions, 1e-6);
    expect(after.value).not.toBe(before.value);
    expect(after.stats.executor).toMatch(/^wasm float32( relaxed)?$/);
    // Two direct runs share a set of tensors. A third run has no set.
    const w = new Tape().parameter(params.w, 'w');
    const shared = new Set([params.w]);
    const sums = [true, true, false].map((isShared, i) => {
      if (i === 2) data.fill(2);
      return executor.run([sum(w)], isShared ? { shared } : {})[0]?.data[0];
    });
    expect(sums).toEqual([500, 500, 2000]);
  });

  test('a parameter that the scorer puts on the tape is read for each pose', async () => {
    const scratch = tensor([0, 0]);
    const score = (tape: Tape, { a }: { a: Value }, pose: number[]) => {
      scratch.data.set(pose);
      const fresh = tape.parameter(Float64Array.from(pose));
      return mul(a, add(sum(square(fresh)), sum(tape.parameter(scratch))));
    };
    const poses = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    const { predictions } = await combinePoses({
      poses,
      params: { a: tensor(2) },
      score,
      combination: boltzmann(),
      executor: wasm(),
    });
    expect([...predictions]).toEqual(poses.map(([x = 0, y = 0]) => 2 * (x * x + y * y + x + y)));
  });

  test('explain shows the module as text, with passes and named loops', () => {
    const text = executors[0].explain(pairs(50));
    expect(text).toMatch(/pass 0 over 50 rows/);
    expect(text).toMatch(/\(func \$loop0 \(param \$frame i32\) \(param \$begin i32\) \(param \$end i32\)/);
    expect(text).toMatch(/\(loop \$i/);
    expect(text).toMatch(/\(f32x4\.mul /);
    expect(text).not.toMatch(/relaxed/);
  });

  test('is float32, and is never the default', () => {
    const [value] = evaluate([sum(new Tape().parameter(tensor([1 / 3])))]);
    expect(value.data).toBeInstanceOf(Float64Array);
    expect(jit().precision).toBe('float64');
    expect(wasm().precision).toBe('float32');
  });
});

describe('an environment without support is an error that suggests another executor', () => {
  afterEach(() => vi.unstubAllGlobals());
  const { WebAssembly: real } = globalThis as unknown as { WebAssembly: Record<string, unknown> };

  test('no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(() => wasm()).toThrow('wasm: this engine has no WebAssembly; use jit({ precision: "float32" })');
  });

  test('no SIMD', () => {
    vi.stubGlobal('WebAssembly', { ...real, validate: () => false });
    expect(() => wasm()).toThrow("wasm: this engine's WebAssembly has no 128-bit SIMD; use jit(");
  });

  test('a Content-Security-Policy', () => {
    const Module = function forbidden() {
      throw new Error('Refused to compile or instantiate WebAssembly module');
    };
    vi.stubGlobal('WebAssembly', { validate: () => true, Module });
    expect(() => wasm()).toThrow(/Content-Security-Policy without 'wasm-unsafe-eval'\); use interpreter\(/);
  });
});
