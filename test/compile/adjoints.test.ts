import fc from 'fast-check';
import {
  defineOp,
  evaluate,
  gradient,
  interpreter,
  jit,
  map,
  type SyncExecutor,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import { concat, gather, mul, neg, pow, reshape, slice, stopGradient, sum } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { adjointsOf, haveKnownRules, structureWith } from '../../engine/compile/adjoints.ts';
import { structureOf } from '../../engine/compile/structure.ts';
import { liveValues } from '../../engine/executor.ts';
import { runGradients } from '../../engine/run-gradients.ts';
import { expectClose } from '../support/equal.ts';
import { type Pose, paramsOf, poseArbitrary, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';

/*
 * Reuse of adjoints: once the gradient of one tape has run, the gradients of other tapes of the same structure run
 * without being recorded.
 */

/** Recorded score, and the values to differentiate by. */
interface Recorded {
  readonly score: Value;
  readonly wrt: readonly Value[];
}

function recorded(program: Parameters<typeof record>[0], pose: Pose, times: number): Recorded {
  const tape = new Tape();
  const params = Object.fromEntries(
    Object.entries(paramsOf(program)).map(([name, each]) => [name, tape.parameter(each, name)]),
  );
  // `times` is a literal, which differs between tapes of the same structure.
  const score = mul(record(program, tape, params, pose), times);
  // The score does not read the last parameter.
  return { score, wrt: [...Object.values(params), tape.parameter(tensor([1, 2, 3, 4, 5]), 'unread')] };
}

/** Live values and structure of a score whose gradient is not recorded. */
function liveOf({ score, wrt }: Recorded) {
  const all = [score, score, ...wrt];
  const live = liveValues(all);
  return { live, structure: structureOf(live, all, 'float64', { targets: 1, wrt: wrt.length }) };
}

/** Live values and structure of a score and its recorded gradient. */
function liveWithGradient({ score, wrt }: Recorded) {
  const all = [score, ...gradient(score, wrt)];
  const live = liveValues(all);
  return { live, structure: structureOf(live, all, 'float64') };
}

describe('adjoints', () => {
  property(
    'of one tape are those of every tape of its structure',
    programArbitrary({ steps: 12 }),
    poseArbitrary(),
    poseArbitrary(),
    async (program, one, other) => {
      const [first, second] = [recorded(program, one, 2.5), recorded(program, other, -3.25)];
      const [liveFirst, liveSecond] = [liveOf(first), liveOf(second)];
      if (liveFirst.structure.key !== liveSecond.structure.key) return;
      if (liveFirst.structure.starts.join() !== liveSecond.structure.starts.join()) return;
      expect(haveKnownRules(liveFirst.live)).toBe(true);
      const firstWithGradient = liveWithGradient(first);
      const adjoints = adjointsOf(
        liveFirst.live,
        liveFirst.structure,
        firstWithGradient.live,
        firstWithGradient.structure,
      );
      const expected = liveWithGradient(second);
      if (!adjoints) return;
      expect(structureWith(adjoints, liveSecond.structure)).toEqual(expected.structure);
      for (const [n, index] of adjoints.forwardIndices.entries())
        if (index >= 0) expect(liveSecond.live[index]?.id).toBe(expected.live[n]?.id);
    },
  );

  property(
    'that are reused give the right gradient on jit, and gradients of the right shapes on wasm',
    programArbitrary({ steps: 12 }),
    fc.array(poseArbitrary(), { minLength: 2, maxLength: 5 }),
    async (program, poses) => {
      const executors = [jit(), wasm()] as const;
      for (const [n, pose] of poses.entries()) {
        const { score, wrt } = recorded(program, pose, n - 1.5);
        const [exact, rough] = executors.map(executor => runGradients(executor, [score], [score], wrt)) as [
          Tensor[],
          Tensor[],
        ];
        const expected = evaluate([score, ...gradient(score, wrt)]);
        for (const [k, { data, shape }] of expected.entries()) {
          expect(exact[k]?.shape).toEqual(shape);
          expectClose(exact[k] as Tensor, { data, shape }, 1e-9, 1);
          expect(rough[k]?.shape).toEqual(shape);
        }
      }
    },
  );

  test('are recorded only for the first tape of a structure', () => {
    const executor = jit();
    for (const [n, length] of [3, 3, 7, 12].entries()) {
      const tape = new Tape();
      const x = tape.parameter(tensor(new Float64Array(length).fill(2)), 'x');
      const y = sum(mul(x, x));
      const recordedBefore = tape.values.length;
      const [, dx] = runGradients(executor, [y], [y], [x]);
      expect(dx?.data).toEqual(new Float64Array(length).fill(4));
      expect(tape.values.length > recordedBefore).toBe(n === 0);
      expect(executor.planned).toBe(1);
    }
  });

  test('are not reused by an executor whose `run` was replaced: each call runs the replacement', () => {
    const planned = jit();
    let runs = 0;
    const executor: SyncExecutor = {
      ...planned,
      run: (...args) => {
        runs++;
        return planned.run(...args);
      },
    };
    for (const number of [1, 2]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(number), 'x');
      const y = mul(x, x);
      const [, dx] = runGradients(executor, [y], [y], [x]);
      expect(dx?.data[0]).toBe(2 * number);
    }
    expect(runs).toBe(2);
  });

  test('are right for slices with different starts', () => {
    const executor = jit();
    for (const start of [0, 1, 2, 1, 0]) {
      const tape = new Tape();
      const x = tape.parameter(tensor([1, 2, 3, 4]), 'x');
      const y = sum(mul(slice(x, start, start + 2), slice(x, start, start + 2)));
      const [, dx] = runGradients(executor, [y], [y], [x]);
      expect([...(dx?.data ?? [])]).toEqual(
        [1, 2, 3, 4].map((x, i) => (i >= start && i < start + 2 ? 2 * x : 0)),
      );
    }
  });

  test('are right if the lengths of concatenated parts differ', () => {
    const executor = jit();
    for (const lengths of [
      [2, 3],
      [4, 1],
      [3, 2],
      [2, 3],
      [5, 5],
    ] as const) {
      const tape = new Tape();
      const parts = lengths.map((length, n) =>
        tape.parameter(tensor(new Float64Array(length).fill(n + 1)), `x${n}`),
      );
      const all = concat(parts);
      const y = sum(mul(all, all));
      const [, ...slopes] = runGradients(executor, [y], [y], parts);
      slopes.forEach(({ data }, n) => {
        expect(data).toEqual(new Float64Array(lengths[n] as number).fill(2 * (n + 1)));
      });
    }
  });

  test('are recorded each time for a user’s op, whose rule may depend on lengths', () => {
    const executor = jit();
    const odd = defineOp({
      name: 'odd',
      forward: map((s, x) => s.mul(x, x)),
      vjp: [(g, _ans, x) => mul(g, (x.shape[0] as number) > 5 ? neg(x) : x)],
    });
    for (const length of [3, 3, 7, 7, 3]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(new Float64Array(length).fill(2)), 'x');
      const y = sum(odd(x));
      const [, dx] = runGradients(executor, [y], [y], [x]);
      expect(dx?.data).toEqual(new Float64Array(length).fill(length > 5 ? -2 : 2));
    }
  });

  test('are not shared by ops that have the same form but different rules', () => {
    const executor = jit();
    const identity = defineOp({ name: 'identity', forward: map((_s, x) => x), vjp: [g => g] });
    for (const op of [stopGradient, identity, stopGradient, identity]) {
      const tape = new Tape();
      const x = tape.parameter(tensor([2, 3]), 'x');
      const y = sum(mul(op(x), x));
      const [, dx] = runGradients(executor, [y], [y], [x]);
      expect([...(dx?.data ?? [])]).toEqual(op === identity ? [4, 6] : [2, 3]);
    }
  });

  test('are not shared by ops of the library that differ only in their rules', () => {
    const executor = jit();
    // If the exponent of pow is a literal, there is no derivative by the exponent.
    for (const isLiteral of [true, false, true, false]) {
      const tape = new Tape();
      const x = tape.parameter(tensor([2, 3]), 'x');
      const power = isLiteral ? pow(x, 2.3) : pow(x, tape.constant(2.3));
      const exponent = power.inputs[1] as Value;
      const y = sum(power);
      const [, , slope] = runGradients(executor, [y], [y], [x, exponent]);
      const exact = 2 ** 2.3 * Math.log(2) + 3 ** 2.3 * Math.log(3);
      expect(slope?.data[0]).toBeCloseTo(isLiteral ? 0 : exact, 10);
    }
  });

  test('are not shared by calls with other values wanted, differentiated, or differentiated by', () => {
    const executor = jit();
    for (const isSecond of [false, true, false, true]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(3), 'x');
      const y = mul(x, x);
      const z = mul(y, x);
      // Both calls pass z, y, x and x in this order, but split the list differently into the arguments.
      const [, , ...slopes] = isSecond
        ? runGradients(executor, [z, y], [x], [x])
        : runGradients(executor, [z], [y], [x, x]);
      const numbers = slopes.map(({ data }) => data[0]);
      expect(numbers).toEqual(isSecond ? [1] : [6]);
    }
  });

  test('are right for several targets, and by a value that is not a parameter', () => {
    const executor = wasm();
    for (const length of [2, 2, 4]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(new Float64Array(length).fill(3)), 'x');
      const half = mul(x, 0.5);
      const rows = gather(
        half,
        Int32Array.from({ length }, (_, i) => length - 1 - i),
      );
      const [y, z] = [sum(mul(rows, rows)), reshape(sum(x), [])];
      const [value, ...slopes] = runGradients(executor, [y], [y, z], [x, half]);
      expect(value?.data[0]).toBeCloseTo(2.25 * length, 5);
      expect(slopes.map(({ data }) => data[0])).toEqual([1.5, 3, 1, 0]);
    }
  });

  test('are right if a guess of the plan is wrong', () => {
    const executor = jit();
    for (const entries of [
      [1, 2],
      [1e308, 2],
      [1e308, 1e308],
      [1, 2],
    ]) {
      const tape = new Tape();
      const x = tape.parameter(tensor(entries), 'x');
      const y = sum(mul(mul(x, 10), x));
      const [, dx] = runGradients(executor, [y], [y], [x]);
      const [expected] = evaluate(gradient(y, [x]), { executor: interpreter() });
      expect(dx?.data).toEqual(expected?.data);
    }
  });
});
