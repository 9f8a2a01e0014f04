import fc from 'fast-check';
import { type NestedNumbers, type TensorSource, tensor } from 'posetape';
import { describe, expect, test } from 'vitest';
import { property } from '../support/property.ts';

describe('tensor', () => {
  test.each<[TensorSource, number[], number[]]>([
    [2.5, [], [2.5]],
    [[], [0], []],
    [[1, 2, 3], [3], [1, 2, 3]],
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
    [[[[1], [2]]], [1, 2, 1], [1, 2]],
    [[[], []], [2, 0], []],
    [[Number.NaN, Infinity, -0], [3], [Number.NaN, Infinity, -0]],
  ])('of %j has shape %j', (source, shape, data) => {
    expect(tensor(source)).toEqual({ shape, data: Float64Array.from(data) });
  });

  test.each([Float64Array.of(1, 2), Float32Array.of(1, 2), Int32Array.of(1, 2)])(
    'uses %o without copying it',
    array => {
      expect(tensor(array)).toEqual({ data: array, shape: [2] });
      expect(tensor(array).data).toBe(array);
      expect(tensor(array, [2, 1]).data).toBe(array);
      expect(tensor(tensor(array, [1, 2])).shape).toEqual([1, 2]);
      expect(tensor(tensor(array), [1, 2])).toEqual({ data: array, shape: [1, 2] });
    },
  );

  test('copies a list', () => {
    const list = [1, 2];
    const { data } = tensor(list);
    list[0] = 7;
    expect([...data]).toEqual([1, 2]);
  });

  const nestedLists = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).chain(lengths => {
    const nested = lengths.reduceRight<fc.Arbitrary<NestedNumbers | number>>(
      (entry, length) => fc.array(entry, { minLength: length, maxLength: length }),
      fc.double(),
    );
    return fc.tuple(fc.constant(lengths), nested as fc.Arbitrary<NestedNumbers>);
  });

  property('holds nested lists in row-major order', nestedLists, ([lengths, nested]) => {
    const { data, shape } = tensor(nested);
    // The lengths of lists within an empty list are unknown.
    const firstEmpty = lengths.indexOf(0);
    expect(shape).toEqual(firstEmpty < 0 ? lengths : lengths.slice(0, firstEmpty + 1));
    expect([...data]).toEqual((nested as unknown[]).flat(3));
  });

  const mistakes: [mistake: string, source: unknown, shape: number[] | undefined, message: string][] = [
    ['rows of unequal length', [[1, 2], [3]], undefined, 'rows differ in length: 2 and 1 at depth 1'],
    ['rows of unequal length, the first shorter', [[1], [2, 3]], undefined, 'rows differ in length: 1 and 2'],
    ['a list among numbers', [1, [2]], undefined, 'expected a number at depth 1, got a list'],
    ['a number among lists', [[1], 2], undefined, 'expected a list at depth 1, got 2'],
    ['a word among numbers', [1, 'two'], undefined, 'expected a number at depth 1, got two'],
    ['undefined', [undefined], undefined, 'expected a number at depth 1, got undefined'],
    [
      'a typed array among lists',
      [[1], Float64Array.of(1)],
      undefined,
      'expected a list at depth 1, got a Float64Array',
    ],
    ['another array type', Uint8Array.of(1), undefined, 'got a Uint8Array'],
    ['text', 'abc', undefined, 'expected a number, nested lists'],
    ['null', null, undefined, 'got null'],
    ['too few numbers', [1, 2], [3], 'shape [3] holds 3 numbers, but 2 were given'],
    ['too many numbers', Float64Array.of(1, 2), [], 'shape [] holds 1 numbers, but 2 were given'],
    ['a negative length', [1, 2], [-1, -2], 'a shape is a list of whole numbers, got [-1, -2]'],
    ['a fractional length', [1, 2, 3], [1.5, 2], 'a shape is a list of whole numbers, got [1.5, 2]'],
    [
      'a tensor that does not fit',
      { data: Float64Array.of(1), shape: [2] },
      undefined,
      'shape [2] holds 2 numbers',
    ],
  ];

  test.each(mistakes)('rejects %s', (_mistake, source, shape, message) => {
    expect(() => tensor(source as TensorSource, shape)).toThrow(message);
  });
});
