import {
  gradient,
  interpreter,
  jit,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import {
  add,
  broadcastTo,
  concat,
  div,
  exp,
  gather,
  less,
  matmul,
  max,
  minimum,
  mul,
  neg,
  pad,
  reshape,
  scaled,
  segmentSum,
  slice,
  softplus,
  square,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import type { LoopStep, Plan, Sink } from '../../engine/compile/ir.ts';
import { type Passes, planOf } from '../../engine/compile/plan.ts';
import { structureOf } from '../../engine/compile/structure.ts';
import { verify } from '../../engine/compile/verify.ts';
import { liveValues } from '../../engine/executor.ts';
import { Arena } from '../../engine/jit/machine.ts';
import { sourceOf } from '../../engine/jit/print.ts';
import { expectSame, pairs } from '../support/executors.ts';

/** Results of each pass of the compiler for these wanted values. */
function passesOf(wanted: readonly Value[], precision: 'float64' | 'float32' = 'float64'): Passes {
  const live = liveValues(wanted);
  let passes: Passes | undefined;
  const onPasses = (results: Passes) => {
    passes = results;
  };
  planOf(live, wanted, structureOf(live, wanted, precision), { guesses: true, onPasses });
  return passes as Passes;
}

const inFloat32: readonly SyncExecutor[] = [jit({ precision: 'float32' }), wasm()];
/** Executors that fuse ops into loops. */
const fused: readonly SyncExecutor[] = [jit(), ...inFloat32];

/** Fails unless every fused executor agrees with the interpreter, within the precision of the executor. */
function expectRight(wanted: readonly Value[]): void {
  for (const executor of fused)
    expectSame(executor, interpreter(), wanted, executor.precision === 'float64' ? 1e-12 : 1e-5);
}

describe('the graph', () => {
  test('merges equal subexpressions, and reshapes of reshapes', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2, 3, 4, 5, 6], 'x');
    const reshaped = reshape(reshape(reshape(x, [2, 3]), [3, 2]), [2, 3]);
    const { graph } = passesOf([add(exp(x), mul(exp(x), 2)), reshaped, reshape(reshaped, [6])]);
    expect(graph.nodes.filter(({ name }) => name === 'exp')).toHaveLength(1);
    expect(graph.nodes.filter(({ form }) => form.kind === 'reshape')).toHaveLength(1);
  });

  test.each<[string, (x: Value) => Value[]]>([
    [
      'a reshape of a reshape with the same number of axes',
      x => [reshape(reshape(reshape(x, [6]), [3, 2]), [2, 3]), reshape(reshape(x, [6]), [3, 2])],
    ],
    ['a transposed reshape', x => [transpose(reshape(transpose(x), [2, 3]))]],
    [
      'a value used a hundred times',
      x => [...gradient(Array.from({ length: 100 }, (_, i) => sum(mul(x, i))).reduce(add), [x])],
    ],
    [
      'segment sums that are wanted and accumulated',
      x => {
        const rows = segmentSum(x, [1, 0], 2);
        const y = sum(square(add(rows, gather(x, [1, 1]))));
        return [rows, ...gradient(y, [x]), add(rows, rows)];
      },
    ],
    [
      'cotangents that are scattered, wanted and accumulated',
      x => {
        const [a, b] = [slice(x, 0, 1), slice(x, 1, 2)];
        const [da] = gradient(sum(square(a)), [x]);
        const [dab] = gradient(sum(add(square(a), mul(a, b))), [x]);
        return [da, dab, add(da, dab)];
      },
    ],
  ])('gives right results for %s', (_, f) => {
    const tape = new Tape();
    expectRight(f(tape.parameter(tensor(Float64Array.of(1, -2, 3, 0.5, 4, -1), [2, 3]), 'x')));
  });
});

describe('storage and schedule', () => {
  test('a pair scorer with its gradient is one loop over the pairs, which stores only its sums', () => {
    const { storage, schedule } = passesOf(pairs(50));
    expect([...storage.barriers].map(({ name }) => name)).toEqual(['sum', 'sum', 'segmentSum']);
    expect(schedule.groups.map(({ roots }) => roots.length)).toEqual([3, 2]);
  });

  const storedNames = (wanted: readonly Value[]) => {
    const { schedule } = passesOf(wanted);
    return [...schedule.stored].map(({ name }) => name).sort();
  };
  const matrix = (tape: Tape, rows: number, columns: number) =>
    tape.parameter(
      tensor(
        Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(i)),
        [rows, columns],
      ),
    );

  test('a gathered table is stored, and so is an expensive column that every row reads', () => {
    const tape = new Tape();
    const x = matrix(tape, 4, 3);
    expect(storedNames([sum(gather(mul(x, 2), [0, 1, 1]), 1)])).toContain('mul');
    const column = exp(sum(x, 0, true));
    expect(storedNames([sum(mul(x, column), 1)])).toContain('exp');
    // The exponential, one number per row, is computed once, before the loop over the columns of the row.
    expect(storedNames([sum(mul(x, exp(sum(x, 1, true))), 1)])).not.toContain('exp');
  });

  test('a cheap function of a stored node is computed again, not stored', () => {
    const tape = new Tape();
    const x = tape.parameter(new Float64Array(100).fill(0.5));
    const e = exp(x);
    const [three, shifted] = [mul(e, 3), sub(e, 1)];
    const totals = sum(mul(three, shifted));
    // The second loop needs the total and all three values.
    const rest = sum(div(mul(add(three, shifted), e), totals));
    const stored = [
      ...jit()
        .explain([rest])
        .matchAll(/b\d+ \(800 B\)/g),
    ].map(([name]) => name);
    expect(new Set(stored).size).toBe(1);
  });

  test('every 200th node of a long chain is stored, which limits recursion of passes and printers', () => {
    let y: Value = new Tape().parameter([0.1, 0.2], 'x');
    for (let i = 0; i < 500; i++) y = sub(1, neg(y));
    const { schedule } = passesOf([y]);
    expect(schedule.stored.size).toBe(5);
    expectRight([y]);
  });

  test('the size of a loop counts nodes, not paths through the graph', () => {
    const tape = new Tape();
    let y: Value = tape.parameter([0.1, 0.2], 'x');
    for (let i = 0; i < 60; i++) y = add(mul(tanh(y), 0.5), mul(y, 0.3));
    expect(storedNames([y])).toEqual(['add']);
  });

  test('a node is not moved to an earlier loop if its inputs stay stored', () => {
    const tape = new Tape();
    const [x, w, v] = [matrix(tape, 8, 3), matrix(tape, 3, 4), matrix(tape, 4, 4)];
    const h = matmul(x, w);
    const b = matmul(softplus(h), v);
    expect(storedNames([sum(mul(mul(b, h), exp(h)), 1)])).not.toContain('exp');
    expect(storedNames([sum(mul(b, exp(h)), 1)])).toContain('exp');
  });

  test('scattered rows that are wanted are not merged into an accumulation', () => {
    const tape = new Tape();
    const x = matrix(tape, 3, 2);
    const [a, b] = [segmentSum(x, [0, 1, 1], 2), segmentSum(square(x), [1, 1, 0], 2)];
    const y = tape.parameter([1, 2], 'y');
    const table = mul(y, 1);
    const total = add(
      sum(mul(gather(table, [0, 1, 0]), sum(x, 1))),
      sum(mul(gather(table, [1, 1, 0]), sum(square(x), 1))),
    );
    const [dTable] = gradient(total, [table]);
    const inputs = (dTable as Value).inputs;
    const { graph } = passesOf([dTable as Value, inputs[0] as Value, a, b]);
    const scattered = graph.nodes.filter(({ form }) => form.kind === 'scatter');
    expect(scattered.every(({ inputs }) => inputs.length === 1)).toBe(true);
  });

  test('short and long axes have different plans', () => {
    const executor = wasm();
    for (const count of [3, 100, 3, 100]) {
      const x = new Tape().parameter(Float32Array.from({ length: count }, (_, i) => i));
      expectSame(executor, interpreter(), [sum(square(x))], 1e-6);
    }
    expect(executor.planned).toBe(2);
  });

  test('the slope of softplus moves to the loop of softplus, so that their operand is not stored', () => {
    const tape = new Tape();
    const x = tape.constant(
      tensor(
        Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)),
        [8, 3],
      ),
    );
    const [w, v] = [
      tape.parameter(tensor(new Float64Array(12).fill(0.3), [3, 4]), 'w'),
      tape.parameter(tensor(new Float64Array(8).fill(0.2), [4, 2]), 'v'),
    ];
    const y = sum(square(matmul(softplus(matmul(x, w)), v)));
    const wanted = [y, ...gradient(y, [w, v])];
    const { schedule, loops } = passesOf(wanted);
    const moved = [...loops].filter(([group]) => group.roots.some(({ node }) => node.name === 'softplus'));
    expect(moved.map(([group]) => group.roots.length)).toEqual([2]);
    expect(schedule.groups.filter(({ matmul }) => matmul)).toHaveLength(5);
    expectRight(wanted);
  });

  test('a node does not move to a loop before its inputs', () => {
    const tape = new Tape();
    const x = tape.parameter(
      tensor(
        Float64Array.from({ length: 12 }, (_, i) => Math.cos(i)),
        [4, 3],
      ),
      'x',
    );
    let h: Value = x;
    for (let i = 0; i < 3; i++)
      h = softplus(
        sub(
          matmul(tanh(h), tape.parameter(tensor(new Float64Array(9).fill(0.1 * (i + 1)), [3, 3]))),
          mul(0.5, h),
        ),
      );
    const [slope] = gradient(sum(square(h)), [x]);
    expectRight([sum(h), slope, ...gradient(sum(square(slope)), [x])]);
  });

  test('values over the outer and the middle axis combine in the right order', () => {
    const tape = new Tape();
    const x = tape.parameter(
      tensor(
        Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)),
        [2, 3, 4],
      ),
      'x',
    );
    const outer = exp(mul(0.5, tanh(sum(x, [0, 2], true))));
    const middle = exp(tanh(sum(x, 1, true)));
    expectRight([
      mul(outer, x),
      sum(mul(middle, outer), 2),
      ...gradient(sum(mul(square(outer), mul(middle, x))), [x]),
    ]);
  });
});

describe('wrong guesses', () => {
  /** Σ g[index]·f, where Σ f overflows but the result, 3 + 1, does not. */
  const overflowing = (tape: Tape) => {
    const g = mul(tape.parameter([1e-308, 0.5], 'g'), 1);
    const f = mul(tape.parameter([1.5e308, 1.5e308, 2], 'f'), 1);
    return sum(mul(gather(g, [0, 0, 1]), f));
  };

  test.each<[string, (total: Value) => Value]>([
    ['exp', total => exp(neg(total))],
    ['a quotient', total => div(1, total)],
    ['tanh', tanh],
    ['minimum', total => minimum(total, 100)],
    ['a comparison', total => where(less(total, 10), 1, 2)],
    ['max', total => max(concat([reshape(neg(total), [1]), total.tape.constant([-5])], 0))],
    ['max of rows', total => max(mul(neg(total), total.tape.constant([1, 2])), 0)],
  ])('an overflow in a changed order of summation is not hidden by %s', (_, f) => {
    const tape = new Tape();
    const wanted = [f(overflowing(tape))];
    expectSame(jit(), interpreter(), wanted, 1e-12);
  });

  test('a masked product of NaN is not hidden by a matrix product', () => {
    const tape = new Tape();
    const g = tape.parameter(
      tensor([
        [0, 1],
        [2, 0],
      ]),
      'g',
    );
    const f = tape.parameter(
      tensor([
        [Number.NaN, 1],
        [1, Number.POSITIVE_INFINITY],
      ]),
      'f',
    );
    const w = tape.parameter(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      'w',
    );
    const product = matmul(scaled(g, f), w);
    expectSame(
      jit(),
      interpreter(),
      [where(less(product, 5), product, 0), where(less(product, 5), 1, 2)],
      1e-12,
    );
  });

  test('sums of products with gathered rows are right over any axis', () => {
    const tape = new Tape();
    const table = mul(
      tape.parameter(
        tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
        'g',
      ),
      1,
    );
    const f = mul(
      tape.parameter(
        tensor([
          [1, 2],
          [0.5, 1],
          [2, 3],
          [4, 1],
        ]),
        'f',
      ),
      1,
    );
    const singleRow = mul(tape.parameter(tensor([[2, 3]]), 'one'), 1);
    const rows = gather(table, [0, 2, 2, 1]);
    expectRight([
      sum(mul(rows, f), 1),
      sum(mul(rows, f), 0),
      sum(mul(rows, singleRow), 0),
      sum(mul(rows, f)),
      sum(mul(gather(table, tensor(Int32Array.of(0, 1, 2, 2), [2, 2])), 1), 0),
    ]);
  });
});

describe('branches', () => {
  const x = [3, -1, 0, 2, 5, -4];
  const y = [1, 2, -3, 0, 7, 1];

  test.each<[string, (x: Value, y: Value) => Value]>([
    ['a sum of two masked terms', (x, y) => sum(add(where(less(x, 1), y, 0), where(less(y, 1), x, 0)))],
    [
      'a difference of terms masked alike',
      (x, y) => sum(sub(where(less(x, 1), y, 0), where(less(x, 1), x, 0))),
    ],
    ['a masked factor', (x, y) => sum(mul(where(less(x, 1), y, 0), x))],
    ['a mask of a mask', (x, y) => sum(where(less(x, 1), where(less(y, 1), x, 0), 0))],
    ['both branches masked', (x, y) => sum(where(less(x, 1), where(y, x, 0), where(y, y, 0)))],
    ['a maximum', (x, y) => max(where(less(x, 1), neg(square(add(y, 4))), 0))],
    ['rows', (x, y) => sum(square(segmentSum(where(x, div(y, x), 0), [0, 1, 1, 0, 2, 2], 3)))],
    ['a condition on a number that the branch uses', (x, y) => sum(where(x, mul(x, where(x, y, 5)), 0))],
    ['a condition of sums', (x, y) => sum(where(sub(sum(x), 5), mul(x, y), 0))],
  ])('around %s give right values and gradients', (_, f) => {
    const tape = new Tape();
    const [a, b] = [tape.parameter(x, 'x'), tape.parameter(y, 'y')];
    const energy = f(a, b);
    // The energy also runs alone, since with the gradient there may be no condition that masks all values.
    expectRight([energy]);
    expectRight([energy, ...gradient(energy, [a, b])]);
  });

  test('do not enclose an inner sum over the same axis', () => {
    const tape = new Tape();
    const table = tape.parameter(tensor(Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3]), 'y');
    const near = less(table, 4.5);
    const masked = where(near, square(table), 0);
    expectRight([sum(mul(masked, sum(masked, 1, true)), 1)]);
    expectRight([sum(where(near, mul(table, sum(masked, 1, true)), 0), 1)]);
  });

  test('do not hide a factor that is NaN', () => {
    const tape = new Tape();
    const [a, b] = [tape.parameter([1, 0], 'a'), tape.parameter([2, Number.NaN], 'b')];
    for (const executor of fused) {
      const [total] = executor.run([sum(mul(where(less(0.5, a), a, 0), b))]) as [Tensor];
      expect(total.data[0]).toBeNaN();
    }
  });
});

describe('zeros', () => {
  test('a sum of a single −0 is 0, as a sum of several is', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([[-0, -0, -0]]), 'x');
    for (const executor of fused) {
      for (const value of [sum(x, 0), sum(x, 1), sum(x), sum(mul(x, 1), 0)]) {
        const [result] = executor.run([div(1, value)]) as [Tensor];
        expect([...result.data].every(each => each === Number.POSITIVE_INFINITY)).toBe(true);
      }
    }
  });
});

describe('in float32', () => {
  test('a computed number is rounded before it is compared', () => {
    const [a, b] = [0.1, 0.7].map(seed =>
      Float32Array.from({ length: 300 }, (_, i) => Math.sin(seed + i * 1.7)),
    );
    const products = (a as Float32Array).map((each, i) => each * (b?.[i] as number));
    const tape = new Tape();
    const [x, y, z] = [a, b, products].map((data, i) => tape.parameter(data as Float32Array, `p${i}`)) as [
      Value,
      Value,
      Value,
    ];
    for (const executor of inFloat32) {
      for (const { data } of executor.run([less(mul(x, y), z), less(z, mul(x, y))]))
        expect(Math.max(...data)).toBe(0);
    }
  });
});

describe('in float32, a value equals its view', () => {
  test.each<[string, (x: Value) => Value]>([
    ['reshaped', x => reshape(x, [1, 200])],
    ['transposed', x => transpose(reshape(x, [10, 20]))],
    ['sliced', x => slice(x, 3, 150)],
    ['repeated', x => concat([x, x], 0)],
  ])('if the view is %s and wanted', (_, view) => {
    const tape = new Tape();
    const x = tape.parameter(
      Float32Array.from({ length: 200 }, (_, i) => Math.sin(i)),
      'x',
    );
    const y = mul(add(mul(x, 0.7), 0.1), 1.3);
    const stored = view(y);
    const difference = sub(view(y), stored);
    for (const executor of inFloat32) {
      for (const { data } of executor.run([difference, less(view(y), stored)]))
        expect(data.every(entry => entry === 0)).toBe(true);
    }
  });

  test('if the value is an input in float64', () => {
    const tape = new Tape();
    const x = tape.constant([1.12, 0.3, 2.7]);
    const column = reshape(x, [3, 1]);
    const pairs: [Value, Value][] = [
      [x, pad(x, [[0, 0]])],
      [column, transpose(reshape(x, [1, 3]))],
      [x, broadcastTo(x, [2, 3])],
    ];
    for (const [plain, view] of pairs) {
      for (const executor of inFloat32) {
        const [, result] = executor.run([view, sub(plain, view)]) as [Tensor, Tensor];
        expect(result.data.every(entry => entry === 0)).toBe(true);
      }
    }
  });

  test('in a loop that reads both the value and the view', () => {
    const tape = new Tape();
    const x = tape.parameter(
      Float32Array.from({ length: 200 }, (_, i) => Math.sin(i)),
      'x',
    );
    const y = mul(add(mul(x, 0.7), 0.1), 1.3);
    const wide = reshape(y, [200, 1]);
    for (const executor of inFloat32) {
      const [, result] = executor.run([wide, sub(reshape(wide, [200]), y)]) as [Tensor, Tensor];
      expect(result.data.every(entry => entry === 0)).toBe(true);
      const [, other] = executor.run([wide, sub(wide, reshape(mul(y, 1), [200, 1]))]) as [Tensor, Tensor];
      expect(other.data.every(entry => entry === 0)).toBe(true);
    }
  });
});

describe('a machine', () => {
  test('computes a new layout for slices with other starts', () => {
    const executor = jit();
    for (const from of [0, 1, 2, 0]) {
      const x = new Tape().parameter([1, 2, 3, 4, 5], 'x');
      expectSame(executor, interpreter(), [square(slice(x, from, from + 2))], 0);
    }
    expect(executor.planned).toBe(1);
  });

  test('shrinks its arena after a single large pose, but not if large poses recur', () => {
    const arena = new Arena('float64');
    arena.reserve(1_000_000);
    for (let run = 0; run < 200; run++) arena.reserve(100);
    expect(arena.numbers.length).toBeLessThan(10_000);
    arena.reserve(100_000);
    for (let run = 0; run < 200; run++) arena.reserve(run % 50 === 0 ? 100_000 : 100);
    expect(arena.numbers.length).toBeGreaterThanOrEqual(100_000);
  });

  test('prints only numbers as constants', () => {
    const evil = {
      kind: 'constant',
      value: '(globalThis.x=1,2)',
      id: 0,
      args: [],
      path: [],
      taint: 0,
    } as unknown as Sink['value'];
    const zero = { kind: 'constant', value: 0, id: 1, args: [], path: [], taint: 0 } as Sink['value'];
    const sink: Sink = { kind: 'store', path: [], buffer: 0, at: [zero], value: evil };
    const step: LoopStep = {
      kind: 'loop',
      sinks: [sink],
      body: [{ kind: 'sink', sink }],
      clears: [],
      reads: [],
      writes: [0],
      ops: [],
    };
    expect(() => sourceOf(step, () => false)).toThrow('jit: a string is not a number');
  });
});

describe('the verifier', () => {
  const scorer = () => {
    const tape = new Tape();
    const x = tape.constant(tensor(new Float64Array(12).fill(0.3), [4, 3]));
    const w = tape.parameter(tensor(new Float64Array(6).fill(0.2), [3, 2]), 'w');
    const rows = segmentSum(softplus(matmul(x, w)), [0, 1, 1, 0], 2);
    const y = sum(where(less(rows, 2), square(rows), 0));
    return [y, ...gradient(y, [w])];
  };
  const plan = () => passesOf(scorer()).plan;
  const isLoop = (step: Plan['steps'][number]): step is LoopStep => step.kind === 'loop';

  test('accepts the plans of the compiler', () => {
    verify(plan());
    verify(passesOf(pairs(20)).plan);
  });

  const reversed = ({ steps, ...rest }: Plan): Plan => ({ ...rest, steps: steps.toReversed() });
  const withLoops =
    (change: (step: LoopStep) => LoopStep) =>
    ({ steps, ...rest }: Plan): Plan => ({
      ...rest,
      steps: steps.map(step => (isLoop(step) ? change(step) : step)),
    });
  test.each<[string, (plan: Plan) => Plan, RegExp]>([
    ['steps in another order', reversed, /before it is written/],
    ['a step left out', ({ steps, ...rest }) => ({ ...rest, steps: steps.slice(1) }), /before it is written/],
    [
      'a wanted buffer that nothing writes',
      ({ steps, ...rest }) => ({ ...rest, steps: steps.slice(0, -1) }),
      /never written/,
    ],
    ['sums that are not cleared', withLoops(step => ({ ...step, clears: [] })), /which nothing clears/],
    [
      'statements left out',
      withLoops(step => ({
        ...step,
        body: step.body
          .filter(({ kind }) => kind !== 'let')
          .map(statement =>
            statement.kind === 'loop'
              ? { ...statement, body: statement.body.filter(({ kind }) => kind !== 'let') }
              : statement,
          ),
      })),
      /before it is defined/,
    ],
    ['a sink left out', withLoops(step => ({ ...step, body: [] })), /0 of \d+ sinks/],
    [
      'a read buffer that the step does not list',
      withLoops(step => ({ ...step, reads: [] })),
      /does not list b\d+, which it reads/,
    ],
    [
      'a store to the same index in each iteration',
      withLoops(step => ({
        ...step,
        sinks: step.sinks.map(sink => ({
          ...sink,
          kind: 'store' as const,
          at: [],
        })),
      })),
      /indices|the same entry/,
    ],
  ])('finds %s', (_, spoil, message) => {
    expect(() => verify(spoil(plan()))).toThrow(message);
  });
});
