import fc from 'fast-check';
import { evaluate, Tape, tensor } from 'posetape';
import { collate, type Field } from 'posetape/combine';
import { add, gather, mul, norm, segmentSum, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { several } from './arbitraries.ts';

interface Pose {
  readonly atoms: readonly (readonly [number, number, number])[];
  readonly pairs: readonly (readonly [number, number])[];
  readonly rotors: number;
}

const unit = evenly(-2, 2);
const pose: fc.Arbitrary<Pose> = fc
  .record({
    atoms: several(fc.tuple(unit, unit, unit), 5),
    pairs: several(fc.tuple(fc.nat(), fc.nat()), 8, 0),
    rotors: fc.nat(9),
  })
  .map(({ atoms, pairs, rotors }) => ({
    atoms,
    pairs: pairs.map(([i, j]) => [i % atoms.length, j % atoms.length] as const),
    rotors,
  }));

const poseFields: Readonly<Record<'x' | 'first' | 'second' | 'rotors', Field<Pose>>> = {
  x: { axis: 'atoms', from: ({ atoms }) => tensor(atoms.map(row => [...row])) },
  first: { axis: 'pairs', into: 'atoms', from: ({ pairs }) => Int32Array.from(pairs, ([i]) => i) },
  second: { axis: 'pairs', into: 'atoms', from: ({ pairs }) => pairs.map(([, j]) => j) },
  rotors: { axis: 'poses' },
};

/** Energy of each pose: Σ distances of its pairs + 0.1 Σ coordinates + rotors. */
function energiesOf(poses: readonly Pose[]): ArrayLike<number> {
  const tape = new Tape();
  const { fields, poseOf, count } = collate(poses, poseFields);
  const x = tape.constant(fields.x);
  const r = norm(sub(gather(x, tape.constant(fields.first)), gather(x, tape.constant(fields.second))), 1);
  const pairs = segmentSum(r, poseOf.pairs as Int32Array, count);
  const atoms = segmentSum(sum(x, 1), poseOf.atoms as Int32Array, count);
  return evaluate([add(add(pairs, mul(0.1, atoms)), tape.constant(fields.rotors))])[0].data;
}

property('collated poses have the energies of single poses', several(pose, 6), poses => {
  const alone = poses.map(each => energiesOf([each])[0] as number);
  expectClose(energiesOf(poses), alone, 1e-13, 100);
});

test('rows are concatenated, and indices are shifted', () => {
  const poses = [
    { atoms: [[1, 2, 3]], pairs: [[0, 0]], rotors: 4 },
    {
      atoms: [
        [4, 5, 6],
        [7, 8, 9],
      ],
      pairs: [
        [0, 1],
        [1, 0],
      ],
      rotors: 5,
    },
  ] as unknown as readonly Pose[];
  expect(collate(poses, poseFields)).toEqual({
    fields: {
      x: tensor([
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]),
      first: { data: Int32Array.of(0, 1, 2), shape: [3] },
      second: { data: Int32Array.of(0, 2, 1), shape: [3] },
      rotors: tensor([4, 5]),
    },
    poseOf: { poses: Int32Array.of(0, 1), atoms: Int32Array.of(0, 1, 1), pairs: Int32Array.of(0, 1, 1) },
    lengths: { poses: [1, 1], atoms: [1, 2], pairs: [1, 2] },
    count: 2,
  });
});

test('a field without `into` is an Int32Array if every pose gives one', () => {
  const elements: Field<{ readonly elements: ArrayLike<number> }> = { axis: 'atoms' };
  const joined = (...poses: ArrayLike<number>[]) =>
    collate(
      poses.map(each => ({ elements: each })),
      { elements },
    ).fields.elements.data;
  expect(joined(Int32Array.of(6, 7), Int32Array.of(8))).toEqual(Int32Array.of(6, 7, 8));
  expect(joined(Float32Array.of(0.5), Float32Array.of(1.5))).toEqual(Float32Array.of(0.5, 1.5));
  expect(joined(Float32Array.of(0.5), Float64Array.of(0.1))).toEqual(Float64Array.of(0.5, 0.1));
  expect(joined(Int32Array.of(6, 7), [8])).toEqual(Float64Array.of(6, 7, 8));
});

describe('collate() rejects, with the pose or field in the error,', () => {
  const x: Field<object> = { axis: 'atoms' };
  test.each<[string, readonly object[], Record<string, Field<object>>, RegExp]>([
    [
      'fields of one axis with different numbers of rows',
      [{ x: [1] }, { x: [1, 2], q: [1] }].map(each => ({ q: [1], ...each })),
      { x, q: x },
      /q of pose 1 has 1 rows, but there are 2 atoms/,
    ],
    [
      'rows of different shapes',
      [{ x: tensor([[1, 2]]) }, { x: tensor([[1]]) }],
      { x },
      /rows of x of pose 1 have shape \[1\], but those of pose 0 \[2\]/,
    ],
    [
      'an index out of range',
      [{ x: [1], i: [1] }],
      { x, i: { axis: 'pairs', into: 'atoms' } },
      /i of pose 0 picks 1 at position 0; there are 1 atoms/,
    ],
    [
      'an index below 0, of a later pose',
      [
        { x: [1], i: Int32Array.of(0) },
        { x: [1, 2], i: Int32Array.of(1, -1) },
      ],
      { x, i: { axis: 'pairs', into: 'atoms' } },
      /i of pose 1 picks -1 at position 1; there are 2 atoms/,
    ],
    [
      'an index of more than 32 bits',
      [{ x: [1], i: [0, 2 ** 32] }],
      { x, i: { axis: 'pairs', into: 'atoms' } },
      /i of pose 0 picks 4294967296 at position 1/,
    ],
    [
      'a fractional index',
      [{ x: [1], i: [0.5] }],
      { x, i: { axis: 'pairs', into: 'atoms' } },
      /i of pose 0 picks 0.5/,
    ],
    [
      'an axis without a field',
      [{ x: [1], i: [0] }],
      { x, i: { axis: 'pairs', into: 'atom' } },
      /i picks atom, but no field has the axis atom/,
    ],
    [
      'a misspelt option of a field',
      [{ x: [1], i: [0] }],
      { x, i: { axis: 'pairs', inot: 'atoms' } as never },
      /collate: i: no option inot; options are axis, into, from/,
    ],
    ['a field without an axis', [{ x: [1] }], { x: {} as never }, /collate: x has no axis/],
    ['a missing field', [{}], { x }, /x of pose 0 must be a number, a list, .* got undefined/],
    [
      'two numbers for one pose',
      [{ n: [1, 2] }],
      { n: { axis: 'poses' } },
      /n of pose 0 has 2 rows, but there are 1 poses/,
    ],
  ])('%s', (_what, poses, fields, message) => {
    expect(() => collate(poses, fields)).toThrow(message);
  });
});
