import fc from 'fast-check';
import { evaluate, Tape, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { property } from '../support/property.ts';

/** Parameter of this shape with the entries 1, 2, 3, …, on `tape` or a new one. */
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
  ])('%j along %j gives %j, or %j with keepDims', (shape, axis, removed, kept) => {
    const a = ofShape(shape);
    expect(op(a, axis).shape).toEqual(removed);
    expect(op(a, axis, true).shape).toEqual(kept);
    expect(evaluate([op(a, axis)])[0].shape).toEqual(removed);
  });

  test('an axis named twice is an error, also if one of its names is −1', () => {
    expect(() => op(ofShape([2, 3]), [1, 1])).toThrow('axis 1 is named twice');
    expect(() => op(ofShape([2, 3]), [1, -1])).toThrow('axis 1 is named twice');
  });

  test.each([2, -3, 0.5, Number.NaN])('axis %d of two is an error', axis => {
    expect(() => op(ofShape([2, 3]), axis)).toThrow(/no axis .* in shape \[2, 3\]: axes go from -2 to 1/);
  });

  test('axis 0 of a scalar is an error', () => {
    expect(() => op(ofShape([]), 0)).toThrow('no axis 0 in shape []: a single number has no axes');
  });
});

test('sum of no numbers is 0 and logSumExp −∞; mean, max and min throw', () => {
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
  ])('%j with %j to %j', (a, b, expected) => {
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
  ])('and reject %j with %j', (a, b) => {
    const tape = new Tape();
    const expected = `mul: [${a.join(', ')}] and [${b.join(', ')}]: aligned at the last axis, lengths must be equal or 1`;
    expect(() => ops.mul(ofShape(a, tape), ofShape(b, tape))).toThrow(expected);
  });
});

describe('an error about shapes names them and the rule:', () => {
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
    ['broadcastTo of a fractional length', () => ops.broadcastTo(number, [2.5]), 'broadcastTo: []'],
    ['reshape to another size', () => ops.reshape(wide, [4]), '6 numbers do not fill [4], which holds 4'],
    [
      'reshape to a length that does not divide',
      () => ops.reshape(wide, [4, -1]),
      '[2, 3] does not divide into [4, -1]',
    ],
    ['reshape with two unknown lengths', () => ops.reshape(wide, [-1, -1]), 'reshape: [2, 3]'],
    ['reshape to negative lengths', () => ops.reshape(wide, [-2, -3]), 'reshape: [2, 3]'],
    ['reshape to fractional lengths', () => ops.reshape(wide, [1.5, 4]), 'reshape: [2, 3]'],
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
    [
      'transpose by a missing axis',
      () => ops.transpose(wide, [0, 2]),
      'transpose: no axis 2 in shape [2, 3]',
    ],
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
      'slice one past the end',
      () => ops.slice(three, 1, 4),
      'slice: [3]: a box of [3] from (1) does not lie in [3]',
    ],
    [
      'slice before the start, as long as the axis',
      () => ops.slice(three, -5, 1),
      'slice: [3]: a box of [3] from (-2) does not lie in [3]',
    ],
    ['slice backwards', () => ops.slice(three, 2, 1), 'slice: [3]: the end (1) lies before the start (2)'],
    ['slice of too many axes', () => ops.slice(three, [0, 0]), 'slice: [3] has no position (0, 0)'],
    ['slice from a fractional position', () => ops.slice(three, 0.5), 'slice: [3] has no position (0.5)'],
    [
      'pad of too few axes',
      () => ops.pad(wide, [[1, 1]]),
      'pad: [2, 3] needs two whole numbers from 0 for each axis',
    ],
    ['pad by a negative width', () => ops.pad(three, [[-1, 0]]), 'got [[-1, 0]]'],
    [
      'slice by a fractional step',
      () => ops.slice(three, 0, 3, 0.5),
      'slice: [3]: steps must be whole numbers from 1',
    ],
    ['slice by a negative step', () => ops.slice(three, 0, 3, -1), 'got (-1)'],
    ['slice by steps of too many axes', () => ops.slice(three, 0, 3, [1, 2]), 'got (1, 2)'],
    ['stack of nothing', () => ops.stack([]), 'stack: needs at least one value'],
    [
      'stack of unequal shapes',
      () => ops.stack([three, wide]),
      'stack: [3] and [2, 3]: the shapes must be equal',
    ],
    ['stack along a missing axis', () => ops.stack([three], 2), 'stack: no axis 2 in shape [1, 3]'],
    [
      'split into unequal parts',
      () => ops.split(wide, 2, 1),
      'split: [2, 3]: 3 does not divide into 2 equal parts',
    ],
    ['split into no parts', () => ops.split(wide, 0), 'split: [2, 3]: 2 does not divide into 0 equal parts'],
    [
      'split at positions that descend',
      () => ops.split(wide, [2, 1], 1),
      'split: [2, 3]: positions are whole numbers that ascend from 0 to 3, got (2, 1)',
    ],
    ['split past the end', () => ops.split(three, [4]), 'got (4)'],
    ['squeeze of a longer axis', () => ops.squeeze(wide, 1), 'squeeze: [2, 3]: axis 1 has length 3, not 1'],
    ['flip along a missing axis', () => ops.flip(wide, 2), 'flip: no axis 2 in shape [2, 3]'],
    [
      'tile by a negative count',
      () => ops.tile(three, -1),
      'tile: [3]: needs whole numbers from 0, got (-1)',
    ],
    [
      'eye of a fractional length',
      () => ops.eye(tape, 2, 0.5),
      'eye: a length is a whole number from 0, got 0.5',
    ],
    ['arange to infinity', () => ops.arange(tape, Infinity), 'arange: bounds are finite'],
    ['arange with a step of 0', () => ops.arange(tape, 0, 1, 0), 'got a step of 0'],
    ['cumsum along a missing axis', () => ops.cumsum(wide, 2), 'cumsum: no axis 2 in shape [2, 3]'],
    ['cumprod along a missing axis', () => ops.cumprod(wide, -3), 'cumprod: no axis -3 in shape [2, 3]'],
    [
      'variance of as many entries as ddof',
      () => ops.variance(three, 0, false, 3),
      'variance: [3]: 3 entries are too few: there must be more than ddof, 3',
    ],
    ['std of no entries', () => ops.std(ofShape([0], tape)), 'std: [0]: 0 entries are too few'],
    [
      'std with a string for ddof',
      () => ops.std(three, 0, false, '1' as never),
      'std: ddof must be a number, got a string',
    ],
    [
      'vecdot of unequal vectors',
      () => ops.vecdot(three, ofShape([1], tape)),
      'vecdot: [3] and [1]: the vectors must have the same length',
    ],
    [
      'cross of long vectors',
      () => ops.cross(ofShape([4], tape), ofShape([4], tape)),
      'vectors have 3 components',
    ],
    [
      'cross of unequal batches',
      () => ops.cross(wide, ofShape([3, 3], tape)),
      'cross: [2, 3] and [3, 3]: the shapes do not broadcast',
    ],
    [
      'takeAlongAxis of another shape',
      () => ops.takeAlongAxis(wide, [0, 1], 1),
      'takeAlongAxis: [2, 3] and [2]: all lengths but those of axis 1 must be equal',
    ],
    [
      'takeAlongAxis past the end',
      () => ops.takeAlongAxis(wide, [[0], [3]], 1),
      'takeAlongAxis: index 3 at position 1 is out of range: there are 3 entries, 0 to 2',
    ],
    ['sort of a scalar', () => ops.sort(ofShape([], tape)), 'sort: no axis -1 in shape []'],
    ['argsort along a missing axis', () => ops.argsort(wide, 2), 'argsort: no axis 2 in shape [2, 3]'],
    [
      'argmax of nothing',
      () => ops.argmax(ofShape([2, 0], tape), 1),
      'argmax: [2, 0]: an axis without entries',
    ],
    ['argmin of nothing', () => ops.argmin(ofShape([2, 0], tape)), 'argmin: [2, 0]: an axis without entries'],
    [
      'topK of more than there are',
      () => ops.topK(wide, 4),
      'topK: count is a whole number from 0 to 3, the length of axis 1, got 4',
    ],
    [
      'topK of a fractional count',
      () => ops.topK(wide, 0.5, 0),
      'from 0 to 2, the length of axis 0, got 0.5',
    ],
    [
      'angle of points in a plane',
      () => ops.angle(wide, ofShape([2], tape), wide),
      'angle: [2, 3] and [2] and [2, 3]: points have 3 components along the last axis',
    ],
    [
      'dihedral of unequal batches',
      () => ops.dihedral(wide, ofShape([3, 3], tape), wide, wide),
      'the shapes do not broadcast',
    ],
    [
      'takeAlongAxis by a computed index of another shape',
      () => ops.takeAlongAxis(wide, ops.argmax(wide, 1), 1),
      'takeAlongAxis: [2, 3] and [2]: all lengths but those of axis 1 must be equal',
    ],
    ['gather by a matrix of real numbers', () => ops.gather(wide, wide), 'whole numbers'],
    ['takeAlongAxis by real numbers', () => ops.takeAlongAxis(wide, wide, 1), 'must be whole numbers'],
    ['gather along a missing axis', () => ops.gather(wide, [0], 2), 'gather: no axis 2 in shape [2, 3]'],
    ['gather past the last column', () => ops.gather(wide, [3], 1), 'there are 3 rows, 0 to 2'],
    [
      'segmentSum of columns by too short an index',
      () => ops.segmentSum(wide, [0, 1], 2, 1),
      'segmentSum: [2, 3] and [2]: the index needs one entry for each row along axis 1',
    ],
    [
      'segmentMean past the last segment',
      () => ops.segmentMean(three, [0, 1, 2], 2),
      'index 2 at position 2',
    ],
    [
      'det of a matrix that is not square',
      () => ops.det(wide),
      'det: [2, 3]: needs square matrices of 1 to 4 rows',
    ],
    ['inverse of five rows', () => ops.inverse(ofShape([5, 5], tape)), 'inverse: [5, 5]'],
    ['cholesky of no rows', () => ops.cholesky(ofShape([0, 0], tape)), 'cholesky: [0, 0]'],
    ['eigvalsh of four rows', () => ops.eigvalsh(ofShape([4, 4], tape)), 'of 1 to 3 rows'],
    [
      'solve of unequal lengths',
      () => ops.solve(ofShape([2, 2], tape), three),
      'solve: [2, 2] and [3]: the right side is [2] or columns [..., 2, k]',
    ],
    [
      'solve by a matrix that is not square',
      () => ops.solve(wide, three),
      'solve: [2, 3]: needs square matrices',
    ],
    ...(
      [
        ['ij', [wide, wide], 'names 1 operands, got 2'],
        ['ij,jk->i->k', [wide, wide], 'has more than one ->'],
        ['i.j', [wide], 'i.j is not letters and at most one ...'],
        ['...i...', [wide], '...i... is not letters'],
        ['i1->i', [wide], 'i1 is not letters'],
        ['ijk->i', [wide], 'ijk does not name the axes of operand 1, [2, 3]'],
        ['i->i', [wide], 'i does not name the axes of operand 1, [2, 3]'],
        ['ij,jk->ik', [wide, wide], 'j names axes of length 3 and 2'],
        ['ii->i', [wide], 'i names axes of length 2 and 3'],
        ['ij->ik', [wide], 'the result has k, but no operand has'],
        ['ij->ii', [wide], 'the result has i twice'],
        ['i...->i', [wide], 'operands have axes under ..., which the result lacks'],
        ['...,...->...', [three, ofShape([2], tape)], 'the axes under ... do not broadcast: [3] and [2]'],
      ] as const
    ).map(([specification, operands, message]): [string, () => unknown, string] => [
      `einsum ${specification}`,
      () => ops.einsum(specification, ...operands),
      `einsum: '${specification}': ${message}`,
    ]),
    [
      'einsum of a number',
      () => ops.einsum(',i->i', 2 as never, three),
      'einsum: operand 1 is the number 2, not a value',
    ],
    [
      'einsum by a number as specification',
      () => ops.einsum(3 as never, three),
      'einsum: a specification is a string, got',
    ],
    ['concat of nothing', () => ops.concat([]), 'concat: needs at least one value'],
    [
      'concat of unequal rows',
      () => ops.concat([wide, ofShape([2, 2], tape)]),
      'concat: [2, 3] and [2, 2]: all lengths but those of axis 0',
    ],
    ['concat of unequal ranks', () => ops.concat([wide, three]), 'concat: [2, 3] and [3]'],
    ['concat along a missing axis', () => ops.concat([wide, wide], 2), 'concat: no axis 2 in shape [2, 3]'],
    [
      'matmul of unequal depth',
      () => ops.matmul(wide, wide),
      'matmul: [2, 3] and [2, 3]: sums over 3 numbers on the left and 2 on the right',
    ],
    [
      'matmul of a number',
      () => ops.matmul(wide, number),
      'matmul: [2, 3] and []: for a single number use mul',
    ],
    [
      'matmul of unequal batches',
      () => ops.matmul(ofShape([2, 2, 3], tape), ofShape([3, 3, 1], tape)),
      'matmul: [2, 2, 3] and [3, 3, 1]: the leading axes do not broadcast',
    ],
    [
      'pairDistances of points of unlike dimension',
      () => ops.pairDistances(wide, ofShape([2, 2], tape)),
      'pairDistances: [2, 3] and [2, 2]: needs coordinates [n, d] and [m, d]',
    ],
    ['pairDistances of a list', () => ops.pairDistances(three, three), 'pairDistances: [3] and [3]'],
    [
      'gather of a number',
      () => ops.gather(number, [0]),
      'gather: no axis 0 in shape []: a single number has no axes',
    ],
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
      'segmentMax past the last segment',
      () => ops.segmentMax(three, [0, 1, 2], 2),
      'segmentMax: index 2 at position 2 is out of range: there are 2 rows',
    ],
    [
      'segmentSoftmax of too short an index',
      () => ops.segmentSoftmax(three, [0, 1], 2),
      'segmentMax: [3] and [2]: the index needs one entry for each row',
    ],
    [
      'segmentMin into half a segment',
      () => ops.segmentMin(three, [0, 0, 0], 1.5),
      'segmentMin: count is a whole number from 0, got 1.5',
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
});

test('an op that fails records no result', () => {
  const tape = new Tape();
  const [three, two] = [ofShape([3], tape), ofShape([2], tape)];
  expect(() => ops.add(three, two)).toThrow();
  expect(tape.values).toEqual([three, two]);
});

describe('operands, slices and indices:', () => {
  test('ops that change nothing return their operand', () => {
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
    'a slice has the entries that Array.slice returns, or is an error if out of range',
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

  test('an index may be a list of whole numbers, an Int32Array, a tensor, or a value on the tape', () => {
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
