import fc from 'fast-check';
import {
  defineOp,
  evaluate,
  type FixedOp,
  type Form,
  gradient,
  interpreter,
  map,
  Tape,
  tensor,
  type Value,
  type VjpRule,
} from 'posetape';
import {
  add,
  div,
  exp,
  expandDims,
  maximum,
  minimum,
  mul,
  neg,
  pad,
  scaled,
  square,
  sub,
  sum,
} from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { directionLike, expectSlope, projectedGradient, type Recording } from '../support/differences.ts';
import { expectClose } from '../support/equal.ts';
import { real } from '../support/numbers.ts';
import { property } from '../support/property.ts';

const cube = defineOp({
  name: 'cube',
  forward: map((s, x) => s.mul(x, s.mul(x, x))),
  vjp: [(g, _ans, x) => scaled(g, mul(3, square(x)))],
});

/** √(a² + b²). */
const hypotenuse: FixedOp<2> = defineOp({
  name: 'hypotenuse',
  forward: map((s, a, b) => s.sqrt(s.add(s.mul(a, a), s.mul(b, b)))),
  vjp: [(g, ans, a) => scaled(g, div(a, ans)), (g, ans, _a, b) => scaled(g, div(b, ans))],
});

/** (a·b − c)·d, which has more operands than the interpreter's special loops. */
const mix = defineOp({
  name: 'mix',
  forward: map((s, a, b, c, d) => s.mul(s.sub(s.mul(a, b), c), d)),
  vjp: [
    (g, _ans, _a, b, _c, d) => mul(g, mul(b, d)),
    (g, _ans, a, _b, _c, d) => mul(g, mul(a, d)),
    (g, _ans, _a, _b, _c, d) => neg(mul(g, d)),
    (g, _ans, a, b, c) => mul(g, sub(mul(a, b), c)),
  ],
});

/** Takes neighbouring entries. The derivative rule reads the op's attributes from the form. */
const window = defineOp({
  name: 'window',
  forward: (start: number, length: number): Extract<Form, { kind: 'slice' }> => ({
    kind: 'slice',
    start: [start],
    shape: [length],
  }),
  vjp: [
    (g, { form, shape }, a) => {
      const [start] = form.start as [number];
      return pad(g, [[start, ((a as Value).shape[0] as number) - start - (shape[0] as number)]]);
    },
  ],
});

describe('an op of a user', () => {
  const three = fc.tuple(real(0.5, 2), real(0.5, 2), real(0.5, 2));
  const recordings: [string, Recording][] = [
    ['cube', (_, [a]) => sum(cube(a as Value))],
    [
      'hypotenuse, broadcasting',
      (_, [a, b]) => sum(square(hypotenuse(expandDims(a as Value, 1), b as Value))),
    ],
    ['hypotenuse of a literal', (_, [a]) => sum(hypotenuse(3, a as Value))],
    ['mix of four', (_, [a, b, c]) => sum(mix(a as Value, b as Value, c as Value, exp(a as Value)))],
    ['window', (_, [a, b]) => sum(mul(square(window([a as Value], 1, 2)), window([b as Value], 0, 2)))],
  ];

  describe.each(recordings)('%s', (_name, recording) => {
    property(
      'has derivatives equal to finite differences, to second order',
      three,
      three,
      three,
      (...drawn) => {
        const params = drawn.map(entries => tensor(entries));
        expectSlope(recording, params, directionLike(params, 1));
        expectSlope(projectedGradient(recording, directionLike(params, 2)), params, directionLike(params, 3));
      },
    );
  });

  test('computes its expression', () => {
    const tape = new Tape();
    const x = tape.parameter([1, -2, 3]);
    const values = evaluate([cube(x), hypotenuse(4, x), mix(x, x, 1, 2), window([x], 1, 2)]);
    const expected = [
      [1, -8, 27],
      [Math.sqrt(17), Math.sqrt(20), 5],
      [0, 6, 16],
      [-2, 3],
    ];
    for (const [i, value] of values.entries()) expectClose(value.data, expected[i] as number[], 1e-15);
  });

  test('calls its expression once at its first use, and once for each entry of the result when the tape runs', () => {
    let calls = 0;
    const counted = defineOp({
      name: 'counted',
      forward: map((s, a, b) => {
        calls++;
        return s.add(a, b);
      }),
      vjp: [g => g, g => g],
    });
    const tape = new Tape();
    const y = counted(tape.parameter([[1], [2]]), tape.parameter([1, 2, 3]));
    gradient(sum(y), [y]);
    counted(y, y);
    expect(calls).toBe(1);
    interpreter().run([y]);
    expect(calls).toBe(1 + 6);
  });

  describe('works as a callback of array methods', () => {
    const tape = new Tape();
    const entries = [3, 1, 2];
    const values = entries.map(entry => tape.parameter(entry));
    const numbers = (wanted: readonly Value[]) => evaluate(wanted).map(({ data: [only] }) => only);
    const fold = (op: (a: Value, b: Value) => Value) => numbers([values.reduce(op)])[0];

    test('map, with one operand', () => {
      expect(numbers(values.map(exp))).toEqual(entries.map(Math.exp));
      expect(numbers(values.map(neg))).toEqual([-3, -1, -2]);
      expect(numbers(values.map(cube))).toEqual([27, 1, 8]);
      expect(numbers(entries.map(entry => mul(values[0] as Value, entry)).map(square))).toEqual([81, 9, 36]);
    });

    test('reduce and reduceRight, with two operands, with and without an initial value', () => {
      expect(fold(add)).toBe(6);
      expect(fold(mul)).toBe(6);
      expect(fold(maximum)).toBe(3);
      expect(fold(minimum)).toBe(1);
      expect(fold(sub)).toBe(0);
      expect(fold(hypotenuse)).toBeCloseTo(Math.sqrt(14), 12);
      expect(numbers([values.reduce(add, tape.fill(4)), values.reduceRight(sub)])).toEqual([10, -2]);
      expect(values.reduce(add).inputs.length).toBe(2);
    });

    test('and rejects other numbers of operands', () => {
      const [a, b] = values as [Value, Value];
      const wrong: unknown[][] = [[a, b, 0], [a, b, b, values], [a, b, 0, a], [a, b, 0, values, 0], [a]];
      for (const operands of wrong)
        expect(() => (mul as (...all: unknown[]) => Value)(...operands)).toThrow(
          'mul: takes 2 operands, got',
        );
      expect(() => (exp as (...all: unknown[]) => Value)(a, 0)).toThrow('exp: takes 1 operands, got 2');
    });
  });

  const x = new Tape().parameter([1, 2, 3], 'x');
  const twisted = defineOp({
    name: 'twisted',
    forward: map((_s, a, _b) => a),
    vjp: [null, g => pad(g, [[0, 1]])],
  });
  const mistakes: [mistake: string, record: () => unknown, message: string][] = [
    ['of numbers alone', () => cube(2), 'cube: at least one operand must be a value; for numbers'],
    // @ts-expect-error: cube takes one operand
    ['with too many operands', () => cube(x, x), 'cube: takes 1 operands, got 2'],
    // @ts-expect-error: hypotenuse takes two operands
    ['with too few operands', () => hypotenuse(x), 'hypotenuse: takes 2 operands, got 1'],
    [
      'with attributes that do not fit',
      () => window([x], 2, 2),
      'window: [3]: a box of [2] from (2) does not lie in [3]',
    ],
    [
      'with attributes, and no list of inputs',
      () => window(x as never, 1, 2),
      'window: pass a list of values, such as window([x])',
    ],
    ['of a list', () => cube([1, 2] as never), 'cube: operand 1 is a list, not a value'],
    ['of attributes and numbers', () => window([[1, 2]] as never, 1, 2), 'window: operand 1 is a list'],
    [
      'whose rule gives another shape',
      () => gradient(sum(twisted(x, x)), [x]),
      'twisted: VJP rule 1 gives a cotangent of shape [4]; it must have the shape of its input [3]',
    ],
  ];

  test.each(mistakes)('%s is an error', (_mistake, record, message) => {
    expect(record).toThrow(message);
  });

  // Mistakes that TypeScript catches only in part. The interpreter would compute them, and compilers would fail.
  type Algebra = Record<'mul' | 'add' | 'constant', (...args: unknown[]) => unknown>;
  type Loose = (s: Algebra, a: number, b: number) => unknown;
  const expressions: [mistake: string, expression: Loose, message: string][] = [
    ['a plain number', (s, a) => s.mul(a, 3), 's.mul: argument 2 is the number 3; write s.constant(3)'],
    ['operators', (_s, a) => a * a, 'computes with operators or Math'],
    ['Math', (_s, a) => Math.sin(a), 'computes with operators or Math'],
    [
      'more operands than rules',
      (s, a, b) => s.add(a, b),
      's.add: argument 2 is undefined; the op has 1 operand',
    ],
    ['no result', () => undefined, 'its expression gives undefined'],
    [
      'a constant that is not a number',
      (s, a) => s.mul(a, s.constant('2')),
      's.constant takes a number, got a string',
    ],
  ];

  test.each(expressions)(
    'an expression with %s is an error at its first use',
    (_what, expression, message) => {
      const wrong = defineOp({ name: 'wrong', forward: map(expression as never), vjp: [g => g] });
      expect(() => wrong(x)).toThrow(message);
      expect(() => wrong(x)).toThrow(/^wrong: /);
    },
  );

  test('wrong rules are errors, when the op is defined or when a rule is used', () => {
    const op = (vjp: unknown) =>
      defineOp({ name: 'odd', forward: map((s, a) => s.neg(a)), vjp: vjp as VjpRule[] });
    expect(() => op([undefined])).toThrow('odd: vjp must be a list with a derivative rule for each operand');
    expect(() => gradient(sum(op([() => 2])(x)), [x])).toThrow(
      'odd: VJP rule 0 gives number; it must return a value, recorded in ops from g',
    );
  });

  test('after an error in a rule, the tape records values as before', () => {
    expect(() => gradient(sum(twisted(x, x)), [x])).toThrow();
    expect(add(x, x).isAdjoint).toBe(false);
  });

  test('without a derivative does not compile', () => {
    // @ts-expect-error: vjp is missing
    const half = () => defineOp({ name: 'half', forward: map((s, a) => s.mul(a, s.constant(0.5))) });
    expect(half).toThrow('half: vjp must be a list with a derivative rule for each operand');
    // @ts-expect-error: Math is not part of the algebra
    map((_s, a) => Math.cbrt(a));
  });

  describe('has a type that checks', () => {
    const half = map((s, a) => s.mul(a, s.constant(0.5)));
    const added = map((s, a, b) => s.add(a, b));

    test('that each input of an expression has a rule', () => {
      const halved = (vjp: [VjpRule]) => defineOp({ name: 'half', forward: half, vjp });
      expect(halved([g => mul(g, 0.5)])(x).shape).toEqual([3]);
      // @ts-expect-error: a rule too many
      defineOp({ name: 'half', forward: half, vjp: [g => mul(g, 0.5), null] });
      // @ts-expect-error: a rule too few
      defineOp({ name: 'added', forward: added, vjp: [g => g] });
    });

    test('the inputs that a rule receives', () => {
      // @ts-expect-error: there is no second input
      defineOp({ name: 'half', forward: half, vjp: [(g, _ans, _a, b) => mul(g, b)] });
      const withInputs: FixedOp<2> = defineOp({
        name: 'added',
        forward: added,
        // Inputs are not optional in the type.
        vjp: [(g, _ans, a, b) => mul(g, div(add(a.shape.length, b), b)), null],
      });
      expect(withInputs(x, x).shape).toEqual([3]);
    });

    test('that forms of one and of two inputs have a rule for each', () => {
      type Of<Kind extends Form['kind']> = Extract<Form, { kind: Kind }>;
      const reduce: Of<'reduce'> = { kind: 'reduce', reducer: 'sum', axes: [0] };
      const total = defineOp({ name: 'total', forward: (): Of<'reduce'> => reduce, vjp: [null] });
      expect(total([x]).shape).toEqual([1]);
      // @ts-expect-error: a sum has one input
      expect(() => total([x, x])).toThrow('total: takes 1 operands, got 2');
      const product = (): Of<'matmul'> => ({ kind: 'matmul', transposeA: false, transposeB: false });
      // @ts-expect-error: a product has two inputs
      const one = defineOp({ name: 'product', forward: product, vjp: [null] });
      // @ts-expect-error: a product is called with two inputs
      expect(() => one([x])).toThrow('product: the form matmul takes 2 inputs, got 1');
    });

    test('that a variadic expression takes any number of inputs', () => {
      const any: FixedOp<number> = defineOp({
        name: 'any',
        forward: map((s, ...terms) => terms.reduce((total, term) => s.add(total, term))),
        vjp: () => g => g,
      });
      expect([any(x).shape, any(x, x, 2).shape]).toEqual([[3], [3]]);
    });

    test('the attributes', () => {
      expect(window([x], 1, 2).shape).toEqual([2]);
      // @ts-expect-error: a window has a length
      expect(() => window([x], 1)).toThrow('window');
      // @ts-expect-error: the length of a window is a number
      expect(() => window([x], 1, '2')).toThrow('window');
    });
  });
});
