import fc from 'fast-check';
import {
  type Executor,
  gradient,
  interpreter,
  Memory,
  type Precision,
  type RunOptions,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import * as ops from 'posetape/ops';
import {
  abs,
  add,
  argmax,
  argmin,
  argsort,
  concat,
  div,
  exp,
  gather,
  less,
  log,
  matmul,
  max,
  mul,
  neg,
  pad,
  reshape,
  scaled,
  segmentMax,
  segmentMin,
  segmentSoftmax,
  segmentSum,
  slice,
  softmax,
  sort,
  sqrt,
  square,
  sub,
  sum,
  takeAlongAxis,
  topK,
  transpose,
  where,
} from 'posetape/ops';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binary, unary } from '../gpu/cases.ts';
import { expectClose, largest } from './equal.ts';
import { evenly } from './numbers.ts';
import { poseArbitrary, programArbitrary } from './programs.ts';
import { runs, seed } from './property.ts';
import { expectFloat32, toSecondOrder } from './second-order.ts';

/** Program whose results are known from another source. */
export interface KnownProgram {
  readonly name: string;
  record(): readonly Value[];
  readonly expected: readonly Tensor[];
}

/** Expectations of {@link proveExecutor}. */
export interface Expected {
  readonly precision: Precision;
  /** Executor to compare with on random float32 programs. Default: the interpreter in float32. */
  readonly reference?: SyncExecutor;
  /** Allowed difference from the expected results. Default 1e-12 in float64, 1e-5 in float32. */
  readonly tolerance?: number;
  /** Allowed relative error of a single function. Default 0 in float64, 2e-6 in float32. */
  readonly functionTolerance?: number;
  /** Half of the random poses have up to this number of rows, the others up to 6. Default 6. */
  readonly rows?: number;
  /** Divides the number of random cases, for executors that compile slowly. Default 1. */
  readonly caseDivisor?: number;
  /** Additional programs to check. Default none. */
  readonly known?: readonly KnownProgram[];
}

/** Numbers at which implementations of functions often fail. All are exact in float32. */
const specials = [
  ...[Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -3, 7.5, -7.5],
  ...[20, -20, 89, -104, 1e-4, -1e-7, 0.9999, 1.0001, 65_504, 1e30, -1e30].map(Math.fround),
];

/** Least normal float32 number. An executor may treat smaller ones as 0. */
const leastNormal = 2 ** -126;

/**
 * Declares tests of the laws that every executor must keep. For any tape, the executor returns the same results as the
 * interpreter. The results depend on the tape alone, and the caller may change them. The executor does not change its
 * inputs, and frees all memory that it counts.
 *
 * @example
 * proveExecutor('jit()', () => jit(), { precision: 'float64' });
 */
export function proveExecutor(
  name: string,
  make: () => Executor | Promise<Executor>,
  expected: Expected,
): void {
  const { precision, rows = 6, caseDivisor = 1, known = [] } = expected;
  const isDouble = precision === 'float64';
  const { tolerance = isDouble ? 1e-12 : 1e-5, functionTolerance = isDouble ? 0 : 2e-6 } = expected;
  const exact = interpreter();

  describe(`${name} as an executor`, () => {
    let executor: Executor;
    beforeAll(async () => {
      executor = await make();
    });
    afterAll(() => (executor as { dispose?: () => void | Promise<void> } | undefined)?.dispose?.());

    const run = async (wanted: readonly Value[], options?: RunOptions): Promise<Tensor[]> =>
      executor.run(wanted, options);
    /** Fails unless results equal the interpreter's within `tolerance` times the larger of 1 and the largest entry. */
    const expectRight = async (wanted: readonly Value[]) => {
      const references = exact.run(wanted);
      for (const [i, result] of (await run(wanted)).entries()) {
        const reference = references[i] as Tensor;
        expectClose(result, reference, tolerance, Math.max(1, largest(reference)));
      }
    };
    /** Declares a test of a law on random cases: `share` times the usual number of cases. */
    const law = <Drawn extends [unknown, ...unknown[]]>(
      title: string,
      arbitrary: fc.Arbitrary<Drawn>,
      holds: (...drawn: Drawn) => Promise<void>,
      share = 1 / caseDivisor,
    ) => {
      const numRuns = Math.ceil(runs * share);
      const check = () =>
        fc.assert(
          fc.asyncProperty(arbitrary, drawn => holds(...drawn)),
          { seed, numRuns },
        );
      test(title, check, 60_000 + runs * 1500);
    };

    test('reports its precision', async () => {
      expect(executor.precision).toBe(precision);
      expect(executor.name).toContain(precision);
      const [result] = await run([sum(new Tape().parameter([1, 2]))]);
      expect(result?.data).toEqual(isDouble ? Float64Array.of(3) : Float32Array.of(3));
    });

    const poses = fc.oneof(poseArbitrary(), poseArbitrary({ rows }));
    let previous: { readonly wanted: readonly Value[]; readonly results: readonly Tensor[] } | undefined;
    law(
      'agrees with the interpreter on random programs to second derivatives, and repeats results to the bit',
      fc.tuple(programArbitrary(isDouble ? { steps: 12 } : { smooth: true }), poses, poses),
      async (program, pose, other) => {
        const memory = new Memory();
        memory.take(17);
        for (const each of isDouble ? [pose, other] : [pose]) {
          const wanted = toSecondOrder(program, each);
          const results = await run(wanted, { memory });
          expect(memory.live).toBe(17);
          if (isDouble) {
            const references = exact.run(wanted);
            // A result whose terms cancel has their rounding errors, so errors are relative to the largest result.
            const size = Math.max(...references.map(largest));
            for (const [i, reference] of references.entries())
              expectClose(results[i] as Tensor, reference, tolerance, size);
          } else {
            expectFloat32(results, program, each, tolerance, expected.reference);
          }
          if (previous) expect(await run(previous.wanted)).toEqual(previous.results);
          previous = { wanted, results };
        }
      },
    );

    if (!isDouble && caseDivisor === 1) {
      law(
        'gives finite numbers at kinks and jumps, even if a maximum is computed again with another rounding',
        fc.tuple(programArbitrary({ steps: 12 }), poseArbitrary()),
        async (program, pose) => {
          for (const { data } of await run(toSecondOrder(program, pose)))
            expect(data.every(Number.isFinite)).toBe(true);
        },
      );
    }

    const finite = fc.oneof(
      fc.constantFrom(0, -0, 1, -1, 2, 0.5, -3),
      fc.tuple(evenly(0.5, 2), fc.constantFrom(1, -1)).map(([size, sign]) => size * sign),
    );
    const any = fc.oneof(finite, fc.constantFrom(Number.NaN, Infinity, -Infinity));
    const eight = (entry: fc.Arbitrary<number>) => fc.array(entry, { minLength: 8, maxLength: 8 });
    describe.each(Object.entries(conditional))('a condition, which may be any number, %s', (_, f) => {
      law(
        'values and gradients equal the interpreter’s',
        fc.tuple(fc.oneof(eight(finite), eight(any)), eight(finite), eight(finite)),
        async (conditions, lefts, rights) => {
          const tape = new Tape();
          const [c, a, b] = [conditions, lefts, rights].map(list => tape.parameter(tensor(list, [4, 2]))) as [
            Value,
            Value,
            Value,
          ];
          const k = tape.parameter(tensor(1.5));
          const rows = sum(f(c, a, b, k), 1);
          await expectRight([rows, sum(rows), ...gradient(sum(rows), [c, a, b, k])]);
        },
        // Each case tests eight conditions, so a quarter of the usual number of cases suffices.
        1 / 4 / caseDivisor,
      );
    });

    const functions = { ...unary, ...binary } as Record<string, (...operands: Value[]) => Value>;
    test.each(Object.keys(functions))('%s of special numbers equals the interpreter’s', async op => {
      // In float32, sin and cos of a large argument depend mostly on how the argument is rounded.
      const isPeriodic = !isDouble && (op === 'sin' || op === 'cos');
      const entries = specials.filter(x => !isPeriodic || !(Math.abs(x) > 1e5 && Number.isFinite(x)));
      const lists =
        op in unary
          ? [entries]
          : [entries.flatMap(x => entries.map(() => x)), entries.flatMap(() => entries)];
      const tape = new Tape();
      const operands = lists.map(list => tape.parameter(Float32Array.from(list)));
      const y = (functions[op] as (...operands: Value[]) => Value)(...operands);
      const [result] = await run([y]);
      for (const [i, number] of (exact.run([y])[0] as Tensor).data.entries()) {
        const wanted = isDouble ? number : Math.fround(number);
        const actual = result?.data[i] as number;
        // Executors may compute exp and pow as powers of two. The error of a power grows with its exponent.
        const relativeError = functionTolerance * (1 + Math.abs(Math.log2(Math.abs(wanted) || 1)) / 16);
        const isClose =
          Math.abs(actual - wanted) <= relativeError * Math.abs(wanted) + (isDouble ? 0 : leastNormal);
        if (!isClose && !Object.is(actual, wanted) && actual !== wanted)
          expect.fail(`${op}(${lists.map(list => list[i])}) is ${actual}, not ${wanted}`);
      }
      if (!isDouble) return;
      const wanted = [y, ...gradient(sum(y), operands)];
      const references = exact.run(wanted);
      for (const [i, actual] of (await run(wanted)).entries()) {
        const { data } = references[i] as Tensor;
        expectClose(actual, data, 1e-14, data.map(Math.abs));
      }
    });

    test.each([
      [0, 3],
      [3, 0],
      [0, 0],
      [1, 1],
      [1, 3],
      [3, 1],
      [2, 3],
    ])('ops on arrays of %d rows and %d columns equal the interpreter’s', async (rows, columns) => {
      const tape = new Tape();
      const entries = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(i + 1));
      const x = tape.parameter(tensor(entries, [rows, columns]), 'x');
      const segmentMaxima = (index: number[]) => gather(segmentMax(x, index, 3), [1]);
      const results = [
        exp(x),
        transpose(x),
        reshape(x, [columns, rows]),
        sum(x, 0),
        sum(x, 1, true),
        ...(rows > 0
          ? [max(x, 0), gather(x, Array(4).fill(rows - 1)), segmentMaxima(Array(rows).fill(1))]
          : []),
        ...(columns > 0 ? [max(x, 1), softmax(x, 1), argmax(x, 1)] : []),
        sort(x, 0),
        takeAlongAxis(x, argsort(x), 1),
        gather(x, []),
        segmentSum(x, Array(rows).fill(1), 3),
        segmentSoftmax(x, Array(rows).fill(1), 3),
        concat([x, slice(x, 0, 0), mul(x, 2)]),
        pad(x, [
          [1, 0],
          [0, 2],
        ]),
        matmul(x, transpose(x)),
        matmul(transpose(x), x),
        add(x, tape.constant(tensor([0.5], [1, 1]))),
      ];
      const total = results.map(each => sum(square(each))).reduce((a, b) => add(a, b));
      await expectRight([...results, total, ...gradient(total, [x])]);
    });

    test('segmentMax and segmentMin equal the interpreter’s with ties, NaN, infinities, and segments of no or one row', async () => {
      const tape = new Tape();
      const index = [3, 0, 3, 0, 5, 3, 6, 6, 7, 7, 0];
      const entries = [1, 2, 1, 2, -4, 0.5, Number.NaN, 1, -Infinity, -Infinity, -1];
      const x = tape.parameter(tensor(entries), 'x');
      const k = tape.parameter(tensor([3, -2], [1, 2]), 'k');
      // Executors compute `rows` in the loop that finds the maximum, and again in the loop for the slopes.
      const rows = mul(exp(mul(reshape(x, [11, 1]), 0.3)), k);
      const extremes = [segmentMax, segmentMin].map(op => op(rows, index, 9));
      const finite = extremes.map(each => gather(each, [0, 3, 5]));
      const total = finite.map(each => sum(square(each))).reduce((a, b) => add(a, b));
      const slopes = gradient(total, [x, k]);
      await expectRight([
        segmentMax(x, index, 9),
        segmentMin(x, index, 9),
        ...extremes,
        ...finite,
        total,
        ...slopes,
      ]);
      await expectRight([...gradient(sum(square(slopes[0] as Value)), [k])]);
      // Sums that are added up may share one array. Maxima may not.
      const terms = [segmentMax(x, index, 9), segmentMax(neg(x), index, 9), segmentSum(x, index, 9)];
      await expectRight([
        tape.record({ name: 'all', vjp: terms.map(() => null) }, { kind: 'accumulate' }, terms),
      ]);
      const shares = segmentSoftmax(x, index, 9);
      await expectRight([shares, ...gradient(sum(square(slice(shares, 0, 6))), [x])]);
    });

    test('sort, argsort, topK, argmax, argmin and their gradients equal the interpreter’s with ties, NaN and infinities', async () => {
      const tape = new Tape();
      const x = tape.parameter(tensor([1, 2, 1, 2, -4, 0.5, 3, 0.25, -1, 0.5], [2, 5]), 'x');
      const k = tape.parameter(tensor([1, -1, 0.5], [3, 1, 1]), 'k');
      // Sorting compares each entry with all others, and executors may compute both entries anew for each comparison.
      const numbers = mul(exp(mul(x, 0.3)), k);
      const sorted = sort(numbers);
      const [largest, places] = topK(numbers, 2, 1);
      const taken = takeAlongAxis(mul(x, k), argsort(numbers, 0), 0);
      const rows = gather(x, argmin(numbers, 1), 0);
      const total = [sorted, largest, taken, rows]
        .map((each, i) => sum(mul(square(each), i + 1)))
        .reduce((a, b) => add(a, b));
      const slopes = gradient(total, [x, k]);
      await expectRight([
        ...[sorted, argsort(numbers), largest, places, taken, rows],
        ...[argmax(numbers), argmax(numbers, 1, true), argmin(numbers, -1)],
        total,
        ...slopes,
      ]);
      await expectRight([...gradient(sum(square(slopes[0] as Value)), [x, k])]);
      const wild = tape.parameter([0.5, Number.NaN, -0, Infinity, 0, -Infinity, 0.5], 'wild');
      const finite = slice(sort(wild), 1, 5);
      const [first, at] = topK(wild, 3);
      const results = [sort(wild), argsort(wild), first, at, argmax(wild), argmin(wild), finite];
      await expectRight([...results, ...gradient(sum(square(finite)), [wild])]);
    });

    test('returns the wanted values in order, also if they are leaves, indices or views, or repeat', async () => {
      const { tape, inputs, wanted } = leaves();
      const before = inputs.map(array => array.slice());
      const results = await run(wanted);
      const real = isDouble ? Float64Array : Float32Array;
      for (const [i, { data, shape }] of exact.run(wanted).entries()) {
        const type = data instanceof Int32Array ? Int32Array : real;
        expect(results[i], `wanted ${i}`).toEqual({ data: type.from(data), shape });
      }
      // Results belong to the caller: none shares its array with an input, another result, or a later run.
      const copies = results.map(({ data }) => data.slice());
      const buffers = [...results.map(({ data }) => data), ...inputs].map(({ buffer }) => buffer);
      expect(new Set(buffers).size).toBe(buffers.length);
      for (const { data } of results) data.fill(77);
      expect(inputs).toEqual(before);
      expect((await run(wanted)).map(({ data }) => data)).toEqual(copies);
      const last = tape.values.at(-1) as Value;
      expect((await run([last]))[0]?.data).toEqual(copies.at(-1));
      expect(await run([])).toEqual([]);
    });

    test('gives results that depend on no earlier run, and reads its inputs in each run', async () => {
      const data = Float64Array.of(1, 2, 3);
      const param = tensor(data);
      const [x, y] = [new Tape().parameter(param), new Tape().parameter([0.3, -1.7, 4, 9])];
      const total = sum(square(x));
      const wanted = [sum(exp(y)), ...gradient(sum(exp(y)), [y])];
      const shared = new Set([param]);
      const before = await run(wanted);
      for (const options of [{}, { shared }, { shared }])
        expect((await run([total], options))[0]?.data[0]).toBe(14);
      data.fill(2);
      for (const options of [{}, { shared: new Set([param]) }])
        expect((await run([total], options))[0]?.data[0]).toBe(12);
      expect(await run(wanted)).toEqual(before);
      const fresh = await make();
      expect(await fresh.run(wanted)).toEqual(before);
      await (fresh as { dispose?: () => void | Promise<void> }).dispose?.();
    });

    test('stops when `proceed` returns false if `stops` is true, and passes correct values to `onValue`', async () => {
      const x = new Tape().parameter([1, 2]);
      const wanted = [sum(x), neg(x)];
      const memory = new Memory();
      const reported: [Value, number[]][] = [];
      const offered: number[] = [];
      const results = await run(wanted, {
        memory,
        proceed: ({ data }) => {
          offered.push(data[0] as number);
          return false;
        },
        onValue: (value, { data }) => reported.push([value, [...data]]),
      });
      expect(offered).toEqual(executor.stops ? [3] : []);
      expect(results.map(({ data }) => [...data])).toEqual(executor.stops ? [[3]] : [[3], [-1, -2]]);
      for (const [value, numbers] of reported)
        expect(numbers).toEqual([...(exact.run([value])[0]?.data ?? [])]);
      expect(memory.live).toBe(0);
    });

    test('rejects values on different tapes', async () => {
      const memory = new Memory();
      const values = [new Tape().parameter(1), new Tape().parameter(1)];
      await expect(run(values, { memory })).rejects.toThrow('the wanted values are on different tapes');
      expect(memory.live).toBe(0);
    });

    test('frees its memory if reading an input throws, and works afterwards', async () => {
      const entries = Float64Array.of(1, 2, 3);
      /** Number of reads before the one that throws. If negative, none throws. */
      let readsLeft = -1;
      const input: Tensor = {
        shape: [3],
        get data() {
          if (readsLeft-- === 0) throw new Error('the array is gone');
          return entries;
        },
      };
      const tape = new Tape();
      const x = tape.parameter([1, 1, 2]);
      const y = sum(mul(exp(x), tape.constant(input)));
      const wanted = [y, ...gradient(y, [x])];
      const expected = await run(wanted);
      const memory = new Memory();
      memory.take(17);
      for (let reads = 0; ; reads++) {
        readsLeft = reads;
        const failed = await run(wanted, { memory }).then(
          () => false,
          (error: Error) => error.message.includes('the array is gone') || Promise.reject(error),
        );
        expect(memory.live).toBe(17);
        if (!failed) break;
        readsLeft = -1;
        expect(await run(wanted)).toEqual(expected);
      }
    });

    test.each(known)('computes the known results of $name', async ({ record, expected }) => {
      for (const [i, found] of (await run(record())).entries()) {
        const each = expected[i] as Tensor;
        expectClose(found, each, tolerance, Math.max(1, largest(each)));
      }
    });
  });
}

/** Functions that use `c` both as a condition and as a number. */
const conditional: Readonly<Record<string, (c: Value, a: Value, b: Value, k: Value) => Value>> = {
  'is also a factor in its branch': (c, a) => where(c, mul(c, a), 0),
  'is also a divisor in its branch': (c, _a, _b, k) => where(c, div(k, c), 0),
  'is also squared in its branch': (c, a, b) => where(c, mul(c, c), mul(a, b)),
  'is also a factor of the result': (c, a, b) => mul(where(c, a, b), c),
  'has a second condition in its branch': (c, a, b, k) => where(c, where(a, mul(k, div(b, a)), 0), 0),
  'masks a factor that may be infinite': (c, a) => scaled(c, log(abs(a))),
  'is compared with a number in another condition': (c, a, _b, k) => where(less(c, a), mul(sub(c, a), k), c),
  'is also under a square root in its branch': (c, a) => where(c, mul(a, sqrt(abs(c))), 0),
  'is selected by another condition': (c, a, b) => where(where(c, a, b), ops.maximum(c, b), mul(0.5, c)),
};

/** Tape of leaves and views, the arrays of its leaves, and the wanted values. All numbers are exact in float32. */
function leaves(): { tape: Tape; inputs: readonly Tensor['data'][]; wanted: readonly Value[] } {
  const tape = new Tape();
  const inputs = [
    Float64Array.of(1, -2),
    Float64Array.of(3, 0.5),
    Float32Array.of(5, 6),
    Int32Array.of(1, 0),
  ];
  const [first, second, third, whole] = inputs as [Float64Array, Float64Array, Float32Array, Int32Array];
  const x = tape.parameter(first, 'x');
  const index = tape.index(whole);
  const y = square(x);
  const wanted = [
    ...[index, x, tape.constant(second), tape.constant(third), tape.fill(2.5, [2, 1]), y],
    ...[reshape(x, [2, 1]), y, reshape(y, [1, 2]), index, gather(y, index), x],
    tape.constant(tensor(Int32Array.of(2 ** 24 + 1), [1])),
    ops.stopGradient(x),
  ];
  return { tape, inputs, wanted };
}
