import fc from 'fast-check';
import { evaluate, Tape, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { property } from '../support/property.ts';

/** A parameter of this shape on a new tape, holding 1, 2, 3, …; further calls on the same tape. */
function ofShape(shape: readonly number[], tape: Tape = new Tape()): Value {
  const size = shape.reduce((product, length) => product * length, 1);
  return tape.parameter(
    tensor(
      Float64Array.from({ length: size }, (_, i) => i + 1),
      shape,
    ),
  );
}

const reductions = {
  sum: ops.sum,
  mean: ops.mean,
  max: ops.max,
  min: ops.min,
  logSumExp: ops.logSumExp,
  norm: ops.norm,
};

describe.each(Object.entries(reductions))('%s follows NumPy along axes', (_name, op) => {
  test.each([
    // [shape, axis, result, result with keepDims]
    [[2, 3, 4], undefined, [], [1, 1, 1]],
    [[2, 3, 4], 0, [3, 4], [1, 3, 4]],
    [[2, 3, 4], -1, [2, 3], [2, 3, 1]],
    [[2, 3, 4], -3, [3, 4], [1, 3, 4]],
    [[2, 3, 4], [0, 2], [3], [1, 3, 1]],
    [[2, 3, 4], [-1, 0], [3], [1, 3, 1]],
    [[2, 3, 4], [], [2, 3, 4], [2, 3, 4]],
    [[2, 0, 4], [0, 2], [0], [1, 0, 1]],
    [[], undefined, [], []],
  ])('%j along %j gives %j, or %j', (shape, axis, gone, kept) => {
    const a = ofShape(shape);
    expect(op(a, axis).shape).toEqual(gone);
    expect(op(a, axis, true).shape).toEqual(kept);
    expect(evaluate([op(a, axis)])[0].shape).toEqual(gone);
  });

  test('an axis named twice, in either way, is an error', () => {
    expect(() => op(ofShape([2, 3]), [1, 1])).toThrow('axis 1 is named twice');
    expect(() => op(ofShape([2, 3]), [1, -1])).toThrow('axis 1 is named twice');
  });

  test.each([2, -3, 0.5, Number.NaN])('no axis %d in two', axis => {
    expect(() => op(ofShape([2, 3]), axis)).toThrow(/no axis .* in shape \[2, 3\]: axes go from -2 to 1/);
  });

  test('a single number has no axis 0', () => {
    expect(() => op(ofShape([]), 0)).toThrow('no axis 0 in shape []: a single number has no axes');
  });
});

test('reductions of no numbers: a sum is 0, a logSumExp −∞, a mean or an extreme an error', () => {
  const none = ofShape([0, 3]);
  expect([...evaluate([ops.sum(none, 0)])[0].data]).toEqual([0, 0, 0]);
  expect([...evaluate([ops.logSumExp(none, 0)])[0].data]).toEqual([-Infinity, -Infinity, -Infinity]);
  expect(ops.logSumExp(none, 0, true).shape).toEqual([1, 3]);
  expect(ops.logSumExp(none, 1).shape).toEqual([0]);
  expect(() => ops.mean(none, 0)).toThrow('mean: [0, 3]');
  expect(() => ops.max(none, 0)).toThrow('max: [0, 3]');
  expect(() => ops.min(none)).toThrow('[0, 3]');
});

describe('elementwise ops broadcast as NumPy does', () => {
  test.each([
    [[], [2, 3], [2, 3]],
    [[3], [2, 3], [2, 3]],
    [[2, 1], [3], [2, 3]],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[1], [0], [0]],
    [
      [0, 1],
      [1, 3],
      [0, 3],
    ],
    [[1, 1], [], [1, 1]],
  ])('%j and %j to %j', (a, b, expected) => {
    const tape = new Tape();
    const [x, y] = [ofShape(a, tape), ofShape(b, tape)];
    expect(ops.add(x, y).shape).toEqual(expected);
    expect(ops.add(y, x).shape).toEqual(expected);
    expect(evaluate([ops.where(1, x, y)])[0].shape).toEqual(expected);
  });

  test.each([
    [[2], [3]],
    [[2, 3], [2]],
    [[0], [3]],
    [
      [2, 3],
      [3, 2],
    ],
  ])('%j and %j not at all', (a, b) => {
    const tape = new Tape();
    const expected = `mul: [${a.join(', ')}] and [${b.join(', ')}]: aligned at the last axis, lengths must be equal or 1`;
    expect(() => ops.mul(ofShape(a, tape), ofShape(b, tape))).toThrow(expected);
  });
});

describe('shapes that do not fit are named, with what would', () => {
  const tape = new Tape();
  const [number, three, wide] = [ofShape([], tape), ofShape([3], tape), ofShape([2, 3], tape)];
  const failures: [mistake: string, record: () => unknown, message: string][] = [
    [
      'broadcastTo of another length',
      () => ops.broadcastTo(three, [2]),
      'broadcastTo: [3]: does not broadcast to [2]',
    ],
    [
      'broadcastTo of fewer axes',
      () => ops.broadcastTo(wide, [3]),
      'broadcastTo: [2, 3]: does not broadcast to [3]',
    ],
    ['broadcastTo to no shape', () => ops.broadcastTo(number, [2.5]), 'broadcastTo: []'],
    ['reshape to another size', () => ops.reshape(wide, [4]), '6 numbers do not fill [4], which holds 4'],
    ['reshape to no whole length', () => ops.reshape(wide, [4, -1]), '[2, 3] does not divide into [4, -1]'],
    ['reshape with two lengths open', () => ops.reshape(wide, [-1, -1]), 'reshape: [2, 3]'],
    ['reshape to negative lengths', () => ops.reshape(wide, [-2, -3]), 'reshape: [2, 3]'],
    ['reshape to broken lengths', () => ops.reshape(wide, [1.5, 4]), 'reshape: [2, 3]'],
    ['expandDims too far', () => ops.expandDims(three, 3), 'expandDims: no axis 3 in a result of 2 axes'],
    [
      'transpose of too few axes',
      () => ops.transpose(wide, [0]),
      '(0) does not name each of its 2 axes once',
    ],
    [
      'transpose of one axis twice',
      () => ops.transpose(wide, [1, -1]),
      '(1, 1) does not name each of its 2 axes once',
    ],
    ['transpose of no axis', () => ops.transpose(wide, [0, 2]), 'transpose: no axis 2 in shape [2, 3]'],
    [
      'slice past the end',
      () => ops.slice(three, 1, 5),
      'slice: [3]: a box of [4] from (1) does not lie in [3]',
    ],
    [
      'slice before the start',
      () => ops.slice(three, -4),
      'slice: [3]: a box of [4] from (-1) does not lie in [3]',
    ],
    [
      'slice of the whole length, beside it',
      () => ops.slice(three, 1, 4),
      'slice: [3]: a box of [3] from (1) does not lie in [3]',
    ],
    [
      'slice of the whole length, before it',
      () => ops.slice(three, -5, 1),
      'slice: [3]: a box of [3] from (-2) does not lie in [3]',
    ],
    ['slice backwards', () => ops.slice(three, 2, 1), 'slice: [3]: the end (1) lies before the start (2)'],
    ['slice of too many axes', () => ops.slice(three, [0, 0]), 'slice: [3] has no position (0, 0)'],
    ['slice between entries', () => ops.slice(three, 0.5), 'slice: [3] has no position (0.5)'],
    [
      'pad of too few axes',
      () => ops.pad(wide, [[1, 1]]),
      'pad: [2, 3] needs one [before, after] for each axis',
    ],
    ['pad by less than nothing', () => ops.pad(three, [[-1, 0]]), 'got [[-1, 0]]'],
    ['concat of nothing', () => ops.concat([]), 'concat: needs at least one value'],
    [
      'concat of unequal rows',
      () => ops.concat([wide, ofShape([2, 2], tape)]),
      'concat: [2, 3] and [2, 2]: all lengths but those of axis 0',
    ],
    ['concat of unequal ranks', () => ops.concat([wide, three]), 'concat: [2, 3] and [3]'],
    ['concat along no axis', () => ops.concat([wide, wide], 2), 'concat: no axis 2 in shape [2, 3]'],
    [
      'matmul of unequal depth',
      () => ops.matmul(wide, wide),
      'matmul: [2, 3] and [2, 3]: sums over 3 numbers on the left and 2 on the right',
    ],
    [
      'matmul of a number',
      () => ops.matmul(wide, number),
      'matmul: [2, 3] and []: of a single number use mul',
    ],
    [
      'matmul of unequal batches',
      () => ops.matmul(ofShape([2, 2, 3], tape), ofShape([3, 3, 1], tape)),
      'matmul: [2, 2, 3] and [3, 3, 1]: the leading axes do not broadcast',
    ],
    [
      'pairDistances of points of unlike dimension',
      () => ops.pairDistances(wide, ofShape([2, 2], tape)),
      'pairDistances: [2, 3] and [2, 2]: wants coordinates [n, d] and [m, d]',
    ],
    ['pairDistances of a list', () => ops.pairDistances(three, three), 'pairDistances: [3] and [3]'],
    ['gather of a number', () => ops.gather(number, [0]), 'gather: []: a single number has no rows'],
    [
      'gather past the last row',
      () => ops.gather(three, [0, 3]),
      'gather: index 3 at position 1 is out of range: there are 3 rows, 0 to 2',
    ],
    [
      'gather before the first row',
      () => ops.gather(three, Int32Array.of(-1)),
      'gather: index -1 at position 0',
    ],
    [
      'gather between rows',
      () => ops.gather(three, [0, 0.5]),
      'gather: an index is a list of whole numbers, got 0.5 at position 1',
    ],
    [
      'gather by more than 32 bits',
      () => ops.gather(three, [0, 2 ** 32 + 1]),
      'gather: index 4294967297 at position 1 is out of range: an index has 32 bits',
    ],
    ['gather by real numbers', () => ops.gather(three, three), 'gather: its index must be whole numbers'],
    [
      'segmentSum past the last segment',
      () => ops.segmentSum(three, [0, 1, 2], 2),
      'segmentSum: index 2 at position 2 is out of range: there are 2 rows',
    ],
    [
      'segmentSum by too short an index',
      () => ops.segmentSum(three, [0, 1], 2),
      'segmentSum: [3] and [2]: the index needs one entry for each row',
    ],
    [
      'segmentSum into half a segment',
      () => ops.segmentSum(three, [0, 0, 0], 1.5),
      'segmentSum: count is a whole number from 0, got 1.5',
    ],
    [
      'segmentSum by real numbers',
      () => ops.segmentSum(three, three, 3),
      'segmentSum: its index must be whole numbers',
    ],
  ];

  test.each(failures)('%s', (_mistake, record, message) => {
    expect(record).toThrow(message);
  });

  test('and nothing is recorded', () => {
    const before = tape.values.length;
    expect(() => ops.add(three, ofShape([2], tape))).toThrow();
    expect(tape.values.length).toBe(before + 1);
  });
});

describe('slice and an index', () => {
  test('a whole slice and an equal shape are the value itself', () => {
    const a = ofShape([2, 3]);
    for (const same of [
      ops.slice(a, 0),
      ops.reshape(a, [2, -1]),
      ops.broadcastTo(a, [2, 3]),
      ops.sum(a, []),
    ]) {
      expect(same).toBe(a);
    }
  });

  property(
    'a slice is what lies from its start to before its end, or an error',
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: -7, max: 7 }),
    fc.integer({ min: -7, max: 7 }),
    (length, start, end) => {
      const list = Array.from({ length }, (_, i) => i);
      const a = new Tape().constant(Float64Array.from(list));
      const [from, to] = [start, end].map(position => (position < 0 ? position + length : position)) as [
        number,
        number,
      ];
      const slice = () => [...evaluate([ops.slice(a, start, end)])[0].data];
      if (0 <= from && from <= to && to <= length) expect(slice()).toEqual(list.slice(from, to));
      else expect(slice).toThrow(RangeError);
    },
  );

  test('an index is any list of whole numbers, or a value on the tape, used as often as wanted', () => {
    const tape = new Tape();
    const a = ofShape([4, 2], tape);
    const onTape = tape.constant(Int32Array.of(2, 0));
    const ways = [[2, 0], Int32Array.of(2, 0), tensor(Int32Array.of(2, 0)), onTape, onTape];
    for (const way of ways) expect([...evaluate([ops.gather(a, way)])[0].data]).toEqual([5, 6, 1, 2]);
    expect(() => ops.gather(ops.slice(a, 0, 2), onTape)).toThrow(
      'index 2 at position 0 is out of range: there are 2 rows',
    );
  });
});
