import fc from 'fast-check';
import { defineOp, gradient, interpreter, jit, Memory, map, Tape, tensor, type Value } from 'posetape';
import { combinePoses, mean } from 'posetape/combine';
import * as ops from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { originOfBadValue } from '../../engine/bad-value.ts';
import { property } from '../support/property.ts';

/**
 * Numbers of values between the bad value and the score. If there are few, the search for the bad value computes single
 * entries. If there are many, the search runs the whole tape.
 */
const distances = { near: 0, far: 1100 };

/** Reason given for leaving out a pose whose score is the sum of the recorded entries; '' if the pose is kept. */
async function reasonOf(record: (tape: Tape) => Value, distance = 0): Promise<string> {
  const { stats } = await combinePoses({
    poses: ['good', 'bad'],
    params: { w: tensor(1) },
    combination: mean(),
    badPose: 'skip',
    score: (tape, { w }, pose) => {
      let result = ops.mul(w, pose === 'good' ? 1 : ops.sum(record(tape)));
      for (let i = 0; pose === 'bad' && i < distance; i++) result = ops.neg(result);
      return result;
    },
    executor: interpreter(),
  });
  return stats.badPoses[0]?.reason ?? '';
}

/** Functions of a 2 × 3 matrix that move, copy or add up its entries, so that a bad result comes from known entries. */
const layouts: Readonly<Record<string, (x: Value) => Value>> = {
  reshape: x => ops.reshape(ops.reshape(x, [6]), [2, 3]),
  transpose: x => ops.transpose(ops.reshape(ops.transpose(x), [2, 3])),
  concat: x => ops.concat([ops.slice(x, 1), ops.slice(x, 0, 1)]),
  'slice of pad': x =>
    ops.slice(
      ops.pad(x, [
        [1, 1],
        [0, 2],
      ]),
      [1, 0],
      [3, 3],
    ),
  gather: x => ops.gather(x, [1, 0]),
  segmentSum: x => ops.segmentSum(x, [1, 0], 2),
  'matrix product from the left': x =>
    ops.matmul(
      x.tape.constant([
        [1, 2],
        [3, 4],
      ]),
      x,
    ),
  'matrix product from the right': x =>
    ops.matmul(
      x,
      x.tape.constant([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ),
  'product of transposes': x =>
    ops.transpose(
      ops.matmul(
        ops.transpose(x),
        x.tape.constant([
          [1, 2],
          [3, 4],
        ]),
      ),
    ),
  'sum of rows': x => ops.sum(x, 1),
  'sum of columns': x => ops.sum(x, 0),
  'maxima of rows': x => ops.max(x, 1),
  broadcast: x => ops.mul(ops.expandDims(x, 0), x.tape.constant([[[1]], [[2]]])),
};

describe('the origin of a bad value', () => {
  property(
    'is an entry that the result depends on',
    fc.constantFrom(...Object.keys(layouts)),
    fc.array(fc.constantFrom(1, 2, 1, Number.NaN, Infinity, -Infinity), { minLength: 6, maxLength: 6 }),
    fc.nat(5),
    fc.constantFrom(...Object.values(distances)),
    async (layout, numbers, chosen, distance) => {
      const record = (entries: readonly number[]) => (tape: Tape) => {
        const arranged = (layouts[layout] as (x: Value) => Value)(
          tape.constant([entries.slice(0, 3), entries.slice(3)]),
        );
        const length = arranged.shape.reduce((a, b) => a * b, 1);
        const mask = Float64Array.from({ length }, (_, i) => Number(i === chosen % length));
        return ops.where(tape.constant(tensor(mask, arranged.shape)), arranged, 0);
      };
      const reason = await reasonOf(record(numbers), distance);
      if (reason === '') return;
      const [, number, index] = /constant \[2, 3\] is (\S+) at position (\d)$/.exec(reason) ?? [];
      const position = Number(index);
      expect(number, reason).toBe(`${numbers[position]}`);
      // Either the entry makes the result bad even if all others are finite, or the result is finite once this entry is.
      // The latter holds for the maximum of a row of −∞.
      const withFinite = (isReplaced: (i: number) => boolean) =>
        numbers.map((number, i) => (isReplaced(i) && !Number.isFinite(number) ? 1 : number));
      const withOthersFinite = await reasonOf(record(withFinite(i => i !== position)));
      const withThisFinite = await reasonOf(record(withFinite(i => i === position)));
      expect(withOthersFinite !== '' || withThisFinite === '', reason).toBe(true);
    },
  );
});

describe('the search for a bad value', () => {
  /** Number of entries of `counted` that were computed. */
  let computed = 0;
  const counted = defineOp({
    name: 'counted',
    forward: map((s, x) => {
      computed++;
      return s.exp(x);
    }),
    vjp: [(g, ans) => ops.mul(g, ans)],
  });

  const bytesAndOrigin = (record: (tape: Tape) => Value) => {
    const memory = new Memory();
    computed = 0;
    const origin = originOfBadValue(record(new Tape()), 0, { memory });
    expect(memory.live).toBe(0);
    return { origin, bytes: memory.peak, computed };
  };

  test('computes only a few entries if all entries are bad', () => {
    const { origin, bytes, computed } = bytesAndOrigin(tape => {
      const x = counted(tape.constant(new Float64Array(10_000).fill(800)));
      return ops.sum(ops.sub(x, x));
    });
    expect(origin).toBe('%1 = counted [10000] of (%0) is Infinity at position 0');
    expect(computed).toBeLessThan(5);
    expect(bytes).toBeLessThan(1000);
  });

  test('runs the tape once after at most 100,000 single entries, and holds only a bad value and its inputs', () => {
    const size = 200_000;
    const { origin, bytes, computed } = bytesAndOrigin(tape => {
      let x: Value = tape.constant(new Float64Array(size));
      for (let i = 0; i < 10; i++) x = ops.sub(counted(x), 1);
      return ops.log(ops.neg(ops.add(ops.sum(ops.square(x)), 1)));
    });
    expect(origin).toMatch(/^%\d+ = log \[\] of \(%\d+\) is NaN$/);
    expect(computed).toBeLessThanOrEqual(10 * size + 100_000);
    // The memory holds three arrays: a copy of the constant, a value and its input.
    expect(bytes).toBeGreaterThan(2 * 8 * size);
    expect(bytes).toBeLessThan(4 * 8 * size);
  });

  test.each([0, 1])('blames the taken branch if both branches are bad: condition %d', condition => {
    for (const distance of Object.values(distances)) {
      const tape = new Tape();
      const [no, yes] = [ops.log(tape.constant(-1)), ops.exp(tape.constant(1000))];
      let y = ops.where(tape.constant(condition), yes, no);
      for (let i = 0; i < distance; i++) y = ops.neg(y);
      const origin = condition ? /= exp \[\] of \(%2\) is Infinity/ : /= log \[\] of \(%0\) is NaN/;
      expect(originOfBadValue(y, 0)).toMatch(origin);
    }
  });

  test('uses the precision in which the value became bad', () => {
    const record = (tape: Tape) => ops.sub(ops.mul(tape.constant([1e30]), 1e30), 1);
    const overflow = '%2 = mul [1] of (%0, %1) is Infinity';
    expect(originOfBadValue(record(new Tape()), 0, { precision: 'float32' })).toBe(overflow);
    expect(originOfBadValue(record(new Tape()), 0)).toBe(
      'only in sub on this executor; with interpreter() all its values are finite in float64',
    );
  });

  test('finds an overflow that happens only in float32', async () => {
    for (const executor of [interpreter({ precision: 'float32' }), jit({ precision: 'float32' }), wasm()]) {
      const { stats } = await combinePoses({
        poses: [1, 1e30],
        params: { w: tensor(1) },
        combination: mean(),
        badPose: 'skip',
        executor,
        score: (_tape, { w }, pose) => ops.square(ops.mul(w, pose)),
      });
      expect(stats.badPoses[0]?.reason).toMatch(
        /^its prediction is Infinity: %\d+ = square \[\] of \(%\d+\) is Infinity$/,
      );
    }
  });

  test('finds the origin of a bad gradient', () => {
    const tape = new Tape();
    const x = tape.parameter(tensor([1, 0, 2]), 'x');
    const [slope] = gradient(ops.sum(ops.mul(ops.log(x), x)), [x]);
    const at = interpreter()
      .run([slope])[0]
      ?.data.findIndex(entry => !Number.isFinite(entry)) as number;
    expect(originOfBadValue(slope, at)).toMatch(/= log \[3\] of \(%0\) is -Infinity at position 1$/);
  });

  test('runs once in a call of combinePoses, and its memory counts in peakBytes', async () => {
    const size = 1000;
    const combine = async (poses: readonly number[]) => {
      computed = 0;
      const { stats } = await combinePoses({
        poses,
        params: { w: tensor(1) },
        combination: mean(),
        badPose: 'skip',
        executor: interpreter(),
        score: (tape, { w }, pose) => {
          let x = counted(ops.mul(w, tape.constant(new Float64Array(size).fill(pose))));
          for (let i = 0; i < 1100; i++) x = ops.neg(x);
          return ops.add(ops.sum(x), pose === 1 ? Number.NaN : 0);
        },
      });
      return { stats, computed };
    };
    const good = await combine([0, 0]);
    const bad = await combine([0, 0, 1, 1, 1, 1, 1, 1]);
    expect(bad.stats.badPoses.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^its prediction is NaN: %\d+ = constant \[\] is NaN$/),
      ...Array(5).fill('its prediction is NaN'),
    ]);
    // The search runs one of the poses a second time.
    expect(bad.computed).toBe(8 * size + size);
    expect(bad.stats.peakBytes).toBeGreaterThan(good.stats.peakBytes);
  });

  test.each(['stream', 'recompute', 'full-graph'] as const)(
    'reports the origin for the first bad pose only, under %s',
    async strategy => {
      for (const executor of [interpreter(), jit(), jit({ precision: 'float32' })]) {
        const { stats } = await combinePoses({
          poses: [1, -1, 2, -2],
          params: { w: tensor(1) },
          combination: mean(),
          badPose: 'skip',
          strategy,
          executor,
          score: (_tape, { w }, pose) => ops.log(ops.mul(w, pose)),
        });
        expect(stats.badPoses).toEqual([
          {
            index: 1,
            reason: expect.stringMatching(/^its prediction is NaN: %\d+ = log \[\] of \(%\d+\) is NaN$/),
          },
          { index: 3, reason: 'its prediction is NaN' },
        ]);
      }
    },
  );
});
