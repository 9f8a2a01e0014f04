import { gradient, interpreter, Tape, tensor, type Value } from 'posetape';
import { add, exp, gather, mul, segmentSum, square, sub, sum, where } from 'posetape/ops';
import { describe, expect, test } from 'vitest';

describe('a tape records', () => {
  test('each value after its inputs, with its op and shape', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2, 3], 'x');
    const y = sum(square(x));
    expect(tape.values.map(({ op, shape }) => [op.name, shape])).toEqual([
      ['parameter', [3]],
      ['square', [3]],
      ['sum', [1]],
      ['reshape', []],
    ]);
    expect(tape.values.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
    expect(tape.values.at(-1)).toBe(y);
    for (const { id, inputs } of tape.values) for (const input of inputs) expect(input.id).toBeLessThan(id);
  });

  test('typed arrays, which are read only when the tape runs, and copies of lists', () => {
    const tape = new Tape();
    const [parameter, constant, list] = [Float64Array.of(1), Float64Array.of(10), [100]];
    const total = add(tape.parameter(parameter), add(tape.constant(constant), tape.constant(list)));
    [parameter[0], constant[0], list[0]] = [2, 20, 200];
    expect([...(interpreter().run([total])[0]?.data ?? [])]).toEqual([122]);
  });

  test('literals as constants of shape []; 0 and 1 in where as fills', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2]);
    for (const { inputs } of [mul(x, 2.5), sub(2.5, x), add(x, -0)]) {
      const literal = inputs.find(input => input !== x) as Value;
      expect([literal.op.name, literal.shape]).toEqual(['constant', []]);
    }
    expect(where(1, x, 0).inputs.map(({ op }) => op.name)).toEqual(['fill', 'parameter', 'fill']);
  });

  test('adjoint values marked as such, with fills for the literals of rules', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2]);
    const y = sum(square(x));
    const before = tape.values.length;
    gradient(y, [x]);
    add(x, 2);
    const [recorded, after] = [tape.values.slice(before, -2), tape.values.slice(-2)];
    expect(recorded.every(({ isAdjoint }) => isAdjoint)).toBe(true);
    expect(recorded.some(({ op }) => op.name === 'constant')).toBe(false);
    expect([...tape.values.slice(0, before), ...after].some(({ isAdjoint }) => isAdjoint)).toBe(false);
    expect(after.map(({ op }) => op.name)).toEqual(['constant', 'add']);
  });

  test('Int32 data as index data, and all other data as real', () => {
    const tape = new Tape();
    expect(tape.constant(Int32Array.of(1, 2)).dtype).toBe('index');
    expect(tape.constant(tensor(Int32Array.of(1, 2), [2, 1])).shape).toEqual([2, 1]);
    expect(tape.constant([1, 2]).dtype).toBe('real');
    expect(tape.constant(Float32Array.of(1, 2)).dtype).toBe('real');
  });
});

describe('the line that records a mistake throws an error:', () => {
  const tape = new Tape();
  const x = tape.parameter([1, 2, 3], 'radii');
  const index = tape.constant(Int32Array.of(0, 1));
  const elsewhere = new Tape().parameter([1, 2, 3], 'charges');
  const list = [1, 2, 3] as unknown as number;
  const mistakes: [mistake: string, record: () => unknown, message: string][] = [
    [
      'shapes that do not fit',
      () => add(x, tape.parameter([1, 2])),
      'add: [3] and [2]: aligned at the last axis, lengths must be equal or 1',
    ],
    ['a value of another tape', () => mul(x, elsewhere), 'mul: %0 = charges [3] belongs to another tape'],
    [
      'a value of another tape as the first operand',
      () => mul(elsewhere, x),
      'mul: %0 = radii [3] belongs to another tape',
    ],
    [
      'arithmetic on index data',
      () => add(x, index),
      'add: %1 = constant [2] is index data, which takes no arithmetic',
    ],
    ['a function of index data', () => exp(index), 'exp: %1 = constant [2] is index data'],
    ['rows of index data', () => gather(index, index), 'gather: %1 = constant [2] is index data'],
    [
      'an index of real data',
      () => gather(x, x),
      'gather: its index must be whole numbers (an Int32Array or a list of them), got the real %0 = radii [3]',
    ],
    ['an index of another tape', () => segmentSum(elsewhere, index, 2), 'belongs to another tape'],
    [
      'numbers without a value',
      () => add(1, 2),
      'add: at least one operand must be a value; for numbers alone use Math',
    ],
    [
      'lists without a value',
      () => add(list, list),
      'add: operand 1 is a list, not a value: make one by tape.constant or stack',
    ],
    [
      'a value and a list',
      () => add(x, list),
      'add: operand 2 is a list, not a value: make one by tape.constant or stack',
    ],
    [
      'a parameter of index data',
      () => tape.parameter(Int32Array.of(1), 'types'),
      'types: index data (an Int32Array) has no gradient',
    ],
    ['data of an unknown kind', () => tape.constant('abc' as unknown as number), 'tensor: expected a number'],
  ];

  test.each(mistakes)('%s', (_mistake, record, message) => {
    expect(record).toThrow(message);
  });

  test('a parameter without a name is named by its number', () => {
    const other = new Tape();
    other.constant(1);
    expect(() => mul(x, other.parameter(2))).toThrow('%1 = parameter 1 []');
  });
});
