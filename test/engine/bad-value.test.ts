import fc from 'fast-check';
import { type Tape, tensor, type Value } from 'posetape';
import { combinePoses, mean } from 'posetape/combine';
import * as ops from 'posetape/ops';
import { describe, expect } from 'vitest';
import { property } from '../support/property.ts';

/** What a pose is left out for, of a score that is the sum of this value. */
async function reasonOf(record: (tape: Tape) => Value): Promise<string> {
  const { stats } = await combinePoses({
    poses: ['good', 'bad'],
    params: { w: tensor(1) },
    combination: mean(),
    badPose: 'skip',
    score: (tape, { w }, pose) => ops.mul(w, pose === 'good' ? 1 : ops.sum(record(tape))),
  });
  return stats.badPoses[0]?.reason ?? '';
}

/**
 * Each lays out six numbers otherwise, as a matrix of two rows; the six that go in may be told apart by their place, so
 * that what comes out bad can be led back to it.
 */
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
  'largest of rows': x => ops.max(x, 1),
  broadcast: x => ops.mul(ops.expandDims(x, 0), x.tape.constant([[[1]], [[2]]])),
};

describe('where a bad value came from', () => {
  property(
    'is never an entry that nothing of the result reads',
    fc.constantFrom(...Object.keys(layouts)),
    fc.array(fc.constantFrom(1, 2, 1, Number.NaN, Infinity, -Infinity), { minLength: 6, maxLength: 6 }),
    fc.nat(5),
    async (layout, numbers, chosen) => {
      const record = (taken: readonly number[]) => (tape: Tape) => {
        const laid = (layouts[layout] as (x: Value) => Value)(
          tape.constant([taken.slice(0, 3), taken.slice(3)]),
        );
        const place = chosen % laid.shape.reduce((a, b) => a * b, 1);
        const mask = Float64Array.from({ length: laid.shape.reduce((a, b) => a * b, 1) }, (_, i) =>
          Number(i === place),
        );
        return ops.where(tape.constant(tensor(mask, laid.shape)), laid, 0);
      };
      const reason = await reasonOf(record(numbers));
      if (reason === '') return;
      const found = /constant \[2, 3\] is (\S+) at position (\d)$/.exec(reason);
      const position = Number(found?.[2]);
      expect(found?.[1], reason).toBe(`${numbers[position]}`);
      // It spoils the result alone; or, as −∞ among the largest of −∞ alone, it cures it.
      const isMended = (isIt: boolean) =>
        numbers.map((number, i) => ((i === position) === isIt && !Number.isFinite(number) ? 1 : number));
      const [spoils, cures] = [
        await reasonOf(record(isMended(false))),
        await reasonOf(record(isMended(true))),
      ];
      expect(spoils !== '' || cures === '', reason).toBe(true);
    },
  );
});
