import {
  defineOp,
  evaluate,
  gradient,
  hessianVectorProduct,
  inspect,
  interpreter,
  jvp,
  Memory,
  map,
  type ReduceForm,
  Tape,
  tensor,
  type Value,
} from 'posetape';
import { add, concat, exp, mul, neg, pow, sin, slice, square, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';

const numbers = (values: readonly Value[]) => evaluate(values).map(({ data }) => [...data]);

describe('gradient', () => {
  test('differentiates gradients to any order: x⁵', () => {
    const powers: [string, (x: Value) => Value][] = [
      ['as a power', x => pow(x, 5)],
      ['as products', x => mul(x, mul(square(x), square(x)))],
      ['by an exponent that is a value', x => pow(x, x.tape.constant(5))],
    ];
    for (const [name, power] of powers) {
      const tape = new Tape();
      const x = tape.parameter(1.5);
      const orders = [power(x)];
      for (let order = 1; order <= 6; order++) orders.push(gradient(orders.at(-1) as Value, [x])[0]);
      const factors = [1, 5, 20, 60, 120, 120, 0];
      const expected = factors.map((factor, order) => factor * 1.5 ** Math.max(5 - order, 0));
      expectClose(numbers(orders).flat(), expected, 1e-14);
      expect(numbers(orders)[6], name).toEqual([0]);
    }
  });

  test('of second order does not depend on the order of differentiation: e^(xy)', () => {
    const tape = new Tape();
    const [x, y] = [tape.parameter(0.5), tape.parameter(-1.2)];
    const f = exp(mul(x, y));
    const [dx, dy] = gradient(f, [x, y]);
    const [dxy] = gradient(dx, [y]);
    const [dyx] = gradient(dy, [x]);
    const expected = (1 + 0.5 * -1.2) * Math.exp(0.5 * -1.2);
    expectClose(numbers([dxy, dyx]).flat(), [expected, expected], 1e-15);
  });

  test('has the shapes of the values in wrt', () => {
    const tape = new Tape();
    const params = [[], [1], [3], [2, 1], [2, 3], [0]].map(shape => {
      return tape.parameter(
        tensor(new Float64Array(shape.reduce((size, length) => size * length, 1)), shape),
      );
    });
    const y = params.map(param => sum(square(param))).reduce((a, b) => add(a, b));
    expect(gradient(y, params).map(({ shape }) => shape)).toEqual(params.map(({ shape }) => shape));
  });

  test('is a tuple with one value for each of wrt', () => {
    const tape = new Tape();
    const [x, y] = [tape.parameter(2), tape.parameter(3)];
    const [dy, dx]: readonly [Value, Value] = gradient(mul(x, y), [y, x]);
    expect(numbers([dx, dy])).toEqual([[3], [2]]);
    expect(gradient(mul(x, y), [])).toEqual([]);
  });

  test('by y itself is 1, and by values that y does not depend on is 0', () => {
    const tape = new Tape();
    const [x, unused] = [tape.parameter([1, 2]), tape.parameter([[5], [6]])];
    const y = sum(square(x));
    const later = square(x);
    const unrelated = sin(x);
    expect(numbers(gradient(y, [y, unused, later, unrelated, x]))).toEqual([
      [1],
      [0, 0],
      [0, 0],
      [0, 0],
      [2, 4],
    ]);
    expect(numbers(gradient(tape.constant(3), [x]))).toEqual([[0, 0]]);
    expect(numbers(gradient(x.tape.parameter(3), [x]))).toEqual([[0, 0]]);
  });

  test('by an intermediate value ignores how that value depends on parameters', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2]);
    const middle = square(x);
    const y = sum(mul(middle, middle));
    const [byMiddle, byX] = gradient(y, [middle, x]);
    expect(numbers([byMiddle, byX])).toEqual([
      [2, 8],
      [4, 32],
    ]);
    expect(numbers(gradient(y, [middle]))).toEqual([[2, 8]]);
  });

  test('by a value with several uses is the sum over the uses', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2]);
    const y = sum(add(mul(x, x), add(x, concat([slice(x, 1), slice(x, 0, 1)]))));
    expect(numbers(gradient(y, [x]))).toEqual([[4, 6]]);
    const thrice = sum(mul(concat([x, x, x]), tape.constant([1, 10, 2, 20, 3, 30])));
    expect(numbers(gradient(thrice, [x]))).toEqual([[6, 60]]);
  });

  test('accepts any value of one entry, such as shape [1, 1]', () => {
    const tape = new Tape();
    const x = tape.parameter([[3]]);
    expect(numbers(gradient(square(x), [x]))).toEqual([[6]]);
  });

  test('changes no earlier values of the tape, and gives the same numbers when called again', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2, 3]);
    const y = sum(mul(x, sin(x)));
    const before = [...tape.values];
    const [first] = gradient(y, [x]);
    const [again] = gradient(y, [x]);
    expect(tape.values.slice(0, before.length)).toEqual(before);
    expect(numbers([first])).toEqual(numbers([again]));
  });

  const tape = new Tape();
  const x = tape.parameter([1, 2, 3], 'x');
  const index = tape.constant(Int32Array.of(1));
  const mistakes: [mistake: string, record: () => unknown, message: string][] = [
    ['of a tensor', () => gradient(square(x), [x]), 'square [3] is a tensor; sum it, or pick an entry'],
    ['of no numbers', () => gradient(slice(x, 0, 0), [x]), 'needs a single number'],
    ['of index data', () => gradient(index, [x]), 'index data'],
    [
      'by a value of another tape',
      () => gradient(sum(x), [new Tape().parameter(1, 'other')]),
      '%0 = other [] belongs to another tape',
    ],
    [
      'by index data',
      () => gradient(sum(x), [index]),
      '%1 = constant [1] is index data, which has no derivative',
    ],
  ];

  const wrongLists: [mistake: string, record: () => unknown, message: string][] = [
    [
      'evaluate of a value instead of a list',
      () => evaluate(x as never),
      'evaluate: pass a list of values, such as evaluate([energy])',
    ],
    [
      'evaluate of a number',
      () => evaluate([x, 2] as never),
      'evaluate: operand 2 is the number 2, not a value',
    ],
    [
      'gradient with a value instead of a list as wrt',
      () => gradient(sum(x), x as never),
      'gradient: pass a list of values, such as gradient(y, [x])',
    ],
    ['gradient of a list', () => gradient([x] as never, [x]), 'gradient: operand 1 is a list'],
    [
      'gradient with a tensor in wrt',
      () => gradient(sum(x), [tensor(1)] as never),
      'gradient: operand 1 is an object',
    ],
    [
      'jvp of a value instead of a list',
      () => jvp(x as never, [x], [1]),
      'jvp: pass a list of values, such as jvp([y], [x], [v])',
    ],
    [
      'jvp with a value instead of a list as wrt',
      () => jvp([x], x as never, [1]),
      'jvp: pass a list of values, such as jvp(',
    ],
    [
      'jvp with a number instead of a list of tangents',
      () => jvp([x], [x], 1 as never),
      'jvp: pass a list of values, such as jvp(',
    ],
    [
      'hessianVectorProduct with a number instead of a list of vectors',
      () => hessianVectorProduct(sum(x), [x], 1 as never),
      'such as hessianVectorProduct(y, [x], [v])',
    ],
  ];

  test.each(wrongLists)('%s is an error', (_mistake, record, message) => {
    expect(record).toThrow(message);
  });

  test('a rule that returns a cotangent in the shape of the result, not of the input, is an error', () => {
    const wrong = defineOp({
      name: 'wrong',
      forward: (): ReduceForm => ({ kind: 'reduce', reducer: 'sum', axes: [0] }),
      vjp: [g => g],
    });
    expect(() => gradient(sum(wrong([x])), [x])).toThrow(
      'wrong: VJP rule 0 gives a cotangent of shape [1]; it must have the shape of its input [3]',
    );
  });

  test.each(mistakes)('%s is an error', (_mistake, record, message) => {
    expect(record).toThrow(message);
  });
});

describe('recording and running take linear time for', () => {
  // This is more than the maximal number of arguments of a JavaScript call.
  const count = 130_000;
  const single = (wanted: readonly Value[]) =>
    interpreter()
      .run(wanted)
      .map(({ data: [only] }) => only);

  test('the gradient by each of 130,000 parts of a concatenation', () => {
    const tape = new Tape();
    const parts = Array.from({ length: count }, (_, i) => tape.parameter([i]));
    const slopes = single(gradient(sum(square(concat(parts))), parts));
    expect([slopes.length, slopes[3], slopes[count - 1]]).toEqual([count, 6, 2 * (count - 1)]);
  }, 60_000);

  test('the gradient by a value with 130,000 uses', () => {
    const x = new Tape().parameter([2]);
    const [dx] = gradient(sum(square(concat(new Array<Value>(count).fill(x)))), [x]);
    expect(single([dx])).toEqual([4 * count]);
  }, 60_000);

  test('the gradient through a chain of 130,000 ops', () => {
    const tape = new Tape();
    const x = tape.parameter(1);
    let y = x;
    for (let i = 0; i < count; i++) y = neg(y);
    expect(single([y, ...gradient(y, [x])])).toEqual([1, 1]);
    expect(inspect(tape).split('\n').length).toBe(2 * count + 3);
  }, 60_000);

  test('an expression of 30,000 inputs', () => {
    const inputs = 30_000;
    const total = defineOp({
      name: 'total',
      forward: map((s, ...terms) => terms.reduce((total, term) => s.add(total, term))),
      vjp: () => g => g,
    });
    const x = new Tape().parameter([1, 2]);
    const y = total(...new Array<Value>(inputs).fill(x));
    expect([...(interpreter().run([y])[0]?.data ?? [])]).toEqual([inputs, 2 * inputs]);
  }, 60_000);
});

describe('values that do not lie between wrt and y cost nothing', () => {
  /** Names of the ops that `gradient` records. */
  function recorded(y: Value, wrt: readonly Value[]): string[] {
    const before = y.tape.values.length;
    gradient(y, wrt);
    return y.tape.values.slice(before).map(({ op }) => op.name);
  }

  test('a branch of constants gets no cotangent', () => {
    const tape = new Tape();
    const [x, c] = [tape.parameter([1, 2]), tape.constant([3, 4])];
    const plain = recorded(sum(mul(x, c)), [x]);
    expect(recorded(sum(mul(x, exp(sin(exp(c))))), [x])).toEqual(plain);
  });

  test('a parameter that is not in wrt gets no cotangent', () => {
    const tape = new Tape();
    const [x, z] = [tape.parameter([1, 2]), tape.parameter([3, 4])];
    const plain = recorded(sum(mul(x, z)), [x]);
    expect(recorded(sum(mul(x, exp(sin(exp(z))))), [x])).toEqual(plain);
  });

  test('values after y or before wrt get no cotangent', () => {
    const tape = new Tape();
    const x = tape.parameter([1, 2]);
    const middle = exp(sin(x));
    const plain = recorded(sum(square(middle)), [middle]);
    const y = sum(square(middle));
    exp(sin(middle));
    expect(recorded(y, [middle])).toEqual(plain);
    expect(plain).not.toContain('cos');
  });

  test('a run computes only what the wanted values need', () => {
    const tape = new Tape();
    const x = tape.parameter(new Float64Array(1000));
    const y = sum(square(x));
    for (let i = 0; i < 5; i++) gradient(sum(exp(x)), [x]);
    const memory = new Memory();
    interpreter().run([y], { memory });
    // The square takes 8000 bytes, and the sum takes 8.
    expect(memory.peak).toBe(8008);
  });
});
