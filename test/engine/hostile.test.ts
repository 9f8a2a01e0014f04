import fc from 'fast-check';
import {
  defineOp,
  type Form,
  inspect,
  interpreter,
  jit,
  map,
  Tape,
  type Tensor,
  tensor,
  type Value,
} from 'posetape';
import * as ops from 'posetape/ops';
import { afterEach, describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { property } from '../support/property.ts';

/*
 * Hostile arguments in place of numbers, lists and names. They try to become source text of a compiled kernel. Either
 * recording must throw an error, or the form on the tape must be plain data, on whose value executors agree.
 */

declare global {
  var canary: unknown;
}
const code = '(globalThis.canary=1,2)';
afterEach(() => {
  expect(globalThis.canary, 'a caller’s text was run as code').toBeUndefined();
});

/** Object that converts to `thing`. */
const convertingTo = (thing: unknown) => ({
  valueOf: () => thing,
  toString: () => String(thing),
  toJSON: () => thing,
  [Symbol.toPrimitive]: () => thing,
});

/** Functions that make another argument, mostly a wrong one, in place of `good`. */
const scalarMakers: ((good: unknown) => unknown)[] = [
  () => code,
  () => `1);${code};(0`,
  () => `*/${code}/*`,
  () => `\n${code}\n`,
  () => `\${${code}}`,
  () => '1',
  () => '',
  good => String(good),
  good => convertingTo(good),
  () => convertingTo(code),
  good => new Number(good),
  good => [good],
  () => [code],
  () => 1n,
  () => Symbol('one'),
  () => null,
  () => undefined,
  () => true,
  () => () => code,
  () => ({}),
  () => Number.NaN,
  () => Infinity,
  () => -0,
  () => 0.5,
  () => -1,
  () => 7,
  () => 2 ** 40,
];

class Joined extends Array<unknown> {
  override join(): string {
    return code;
  }
  override toString(): string {
    return code;
  }
}

/** List whose first entry is right when it is first read, and code when it is read again. */
const changing = (good: unknown[]) =>
  Object.defineProperty([...good], 0, { get: answering([good[0], code]), enumerable: true });

/** Function that returns one answer after the other, then the last again and again. */
function answering(answers: unknown[]): () => unknown {
  let calls = 0;
  return () => answers[Math.min(calls++, answers.length - 1)];
}

/** Functions that make another argument, mostly a wrong one, in place of the list `good`. */
const listMakers: ((good: unknown[]) => unknown)[] = [
  ...scalarMakers.map(make => (good: unknown[]) => good.with(0, make(good[0]))),
  ...scalarMakers,
  changing,
  good => new Proxy([...good], { get: (target, key) => (key === '0' ? code : Reflect.get(target, key)) }),
  good => Joined.from(good),
  good => Joined.from([code, ...good.slice(1)]),
  good => [...good, ...good],
  good => Array(good.length),
  good => ({ ...good, length: good.length }),
  good => Int32Array.from(good as number[]),
  () => new Array(3),
  good => Object.assign([...good], { toString: () => code }),
];

/** Arbitrary of these things. It draws an index, since fast-check would convert a hostile thing to print it. */
function oneOf<T>(things: readonly T[]): fc.Arbitrary<T> {
  return fc.nat(things.length - 1).map(i => things[i] as T);
}

const hostile = (good: unknown): fc.Arbitrary<() => unknown> =>
  Array.isArray(good)
    ? oneOf(listMakers).map(make => () => make(good.length > 0 ? good : [1]))
    : oneOf(scalarMakers).map(make => () => make(good));

const three = () => new Tape().parameter(tensor([[1, 2, 3]]), 'three');
const six = [2, 3].flatMap(k => [k, k + 2, k + 4]);

/** Form of each kind, with a function that makes its inputs from a value of shape [1, 3]. */
const forms: Record<Form['kind'], { form: object; inputs: (a: Value) => Value[] }> = {
  parameter: { form: { tensor: tensor([1, 2]), name: 'p' }, inputs: () => [] },
  constant: { form: { tensor: tensor([1, 2]), rows: 3 }, inputs: () => [] },
  fill: { form: { number: 2, shape: [2] }, inputs: () => [] },
  map: { form: map((s, x) => s.mul(x, s.constant(2))), inputs: a => [a] },
  reduce: { form: { reducer: 'sum', axes: [1] }, inputs: a => [a] },
  broadcast: { form: { shape: [2, 3] }, inputs: a => [a] },
  reshape: { form: { shape: [3] }, inputs: a => [a] },
  transpose: { form: { permutation: [1, 0] }, inputs: a => [a] },
  slice: { form: { start: [0, 1], shape: [1, 2] }, inputs: a => [a] },
  pad: { form: { start: [0, 1], shape: [1, 5] }, inputs: a => [a] },
  concat: { form: { axis: 1 }, inputs: a => [a, a] },
  gather: { form: {}, inputs: a => [a, a.tape.constant(Int32Array.of(0, 0))] },
  'segment-sum': { form: { count: 2 }, inputs: a => [a, a.tape.constant(Int32Array.of(1))] },
  'segment-max': { form: { count: 2 }, inputs: a => [a, a.tape.constant(Int32Array.of(1))] },
  matmul: { form: { transposeA: true, transposeB: false }, inputs: a => [a, a] },
  accumulate: { form: {}, inputs: a => [a, a] },
};
const kinds = Object.keys(forms) as Form['kind'][];

/** Fails unless `record` throws an Error, or records plain data on which jit() agrees with the interpreter. */
function expectErrorOrRight(record: () => Value): void {
  let value: Value;
  try {
    value = record();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return;
  }
  for (const { form, shape } of value.tape.values) {
    expectPlain(form);
    expectPlain(shape);
  }
  if (value.shape.reduce((size, length) => size * length, 1) > 1e5) return;
  inspect(value.tape);
  expectClose(compiling.run([value])[0] as Tensor, interpreter().run([value])[0] as Tensor, 0);
}

/** Executor that compiles source text. One is enough, since most tapes here share their structure. */
const compiling = jit();

/** Fails unless a form or shape is plain data: no getters, no holes, and no objects except tensors and lists of numbers. */
function expectPlain(thing: object): void {
  for (const key of Reflect.ownKeys(thing)) {
    const { value, get } = Object.getOwnPropertyDescriptor(thing, key) ?? {};
    expect(get, `${String(key)} is a getter`).toBeUndefined();
    // Executors use the shape of the value, not the shape of its tensor.
    if (key === 'tensor') continue;
    if (Array.isArray(value)) expect(value.every(each => typeof each === 'number')).toBe(true);
    else expect(['number', 'string', 'boolean', 'function']).toContain(typeof value);
  }
  if (Array.isArray(thing)) expect(Object.keys(thing).length).toBe(thing.length);
}

describe.each(kinds)('a form %s', kind => {
  const { form: fields, inputs } = forms[kind];
  const names = ['kind', ...Object.keys(fields).filter(name => name !== 'kind')];
  const good = { ...fields, kind } as Record<string, unknown>;

  const drawn = oneOf(names).chain(name => fc.tuple(fc.constant(name), hostile(good[name]), fc.nat(2)));

  property('with a wrong field throws an error or has the right value', drawn, ([name, make, way]) => {
    const bad = way === 0 ? { ...good, [name]: make() } : { ...good };
    // A getter may return a right value first, to pass checks, and then a wrong one.
    if (way > 0) {
      const answers = way === 1 ? [good[name], make()] : [good[name], good[name], make()];
      Object.defineProperty(bad, name, { get: answering(answers), enumerable: true });
    }
    const op = { name: 'own', vjp: () => (g: Value) => g };
    expectErrorOrRight(() => {
      const a = three();
      return (
        a.tape.record(op, { ...good } as unknown as Form, inputs(a)) &&
        a.tape.record(op, bad as unknown as Form, inputs(a))
      );
    });
    const attributed = defineOp({ name: 'attributed', forward: (form: object) => form as Form, vjp: op.vjp });
    expectErrorOrRight(() => {
      const a = three();
      // A right form is used first.
      if (kind !== 'parameter' && kind !== 'constant' && kind !== 'fill') attributed(inputs(a), { ...good });
      return attributed(inputs(a), bad);
    });
    const fixed = defineOp({ name: 'fixed', forward: bad as unknown as Form, vjp: op.vjp });
    expectErrorOrRight(() => fixed(...inputs(three())));
  });

  test('is copied, so that later changes have no effect', () => {
    const a = three();
    const copy = copyOf(good);
    const value = a.tape.record({ name: 'own', vjp: () => g => g }, copy as unknown as Form, inputs(a));
    const before = [inspect(a.tape), [...(interpreter().run([value])[0]?.data ?? [])]];
    for (const field of Object.values(copy)) if (Array.isArray(field)) field.fill(7);
    if (copy.tensor) (copy.tensor as { shape: unknown }).shape = [code];
    if (!Object.isFrozen(copy)) for (const name of names) copy[name] = code;
    expect([inspect(a.tape), [...(interpreter().run([value])[0]?.data ?? [])]]).toEqual(before);
  });
});

/** Copy with copies of the lists; functions and typed arrays are shared. */
function copyOf(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      if (Array.isArray(field)) return [name, [...field]];
      return [name, name === 'tensor' ? { ...(field as object) } : field];
    }),
  );
}

describe('arguments of ops and tapes', () => {
  // Each call is tried with right arguments, and with one wrong argument.
  type Call = (...args: never[]) => Value;
  const caseOf = (
    call: (a: Value, ...args: never[]) => Value,
    ...good: unknown[]
  ): [string, Call, unknown[]] => [
    String(call).replace(/\s+/g, ' ').slice(0, 80),
    (...args) => call(three(), ...args),
    good,
  ];
  const calls = [
    caseOf((a, number, shape) => a.tape.fill(number, shape), 2, [3]),
    caseOf((a, name) => a.tape.parameter([1, 2], name), 'x'),
    caseOf((a, data, shape) => a.tape.constant(tensor(data, shape)), [1, 2, 3], [3]),
    caseOf((a, shape) => a.tape.constant({ data: Float64Array.of(1, 2), shape }), [2]),
    caseOf((a, shape) => a.tape.parameter({ data: Float64Array.of(1, 2), shape }), [2]),
    caseOf((a, axis, keepDims) => ops.sum(a, axis, keepDims), 1, true),
    caseOf((a, axes, keepDims) => ops.sum(a, axes, keepDims), [1, 0], false),
    caseOf((a, axis, keepDims) => ops.max(a, axis, keepDims), 1, true),
    caseOf((a, axis, keepDims) => ops.min(a, axis, keepDims), 1, true),
    caseOf((a, axis, keepDims) => ops.mean(a, axis, keepDims), 1, true),
    caseOf((a, axis, keepDims) => ops.prod(a, axis, keepDims), 1, true),
    caseOf((a, axis, keepDims) => ops.norm(a, axis, keepDims), 1, true),
    caseOf((a, axis, keepDims) => ops.logSumExp(a, axis, keepDims), 1, true),
    caseOf((a, axis) => ops.softmax(a, axis), [1]),
    caseOf((a, axis) => ops.logSoftmax(a, axis), 1),
    caseOf((a, gain, bias, axis, epsilon) => ops.layerNorm(a, { gain, bias, axis, epsilon }), 2, 1, -1, 0.1),
    caseOf((a, shape) => ops.reshape(a, shape), [3, -1]),
    caseOf((a, shape) => ops.broadcastTo(a, shape), [2, 3]),
    caseOf((a, axis) => ops.expandDims(a, axis), 1),
    caseOf((a, axes) => ops.transpose(a, axes), [1, 0]),
    caseOf((a, start, end) => ops.slice(a, start, end), [0, 1], [1, 2]),
    caseOf((a, start) => ops.slice(a, start), 0),
    caseOf((a, first, second) => ops.pad(a, [first, second]), [1, 0], [0, 2]),
    caseOf((a, axis) => ops.concat([a, a], axis), 1),
    caseOf((a, index) => ops.gather(a, index), [0, 0]),
    caseOf((a, index, count) => ops.segmentSum(a, index, count), [1], 2),
    caseOf((a, index, count) => ops.segmentMax(a, index, count), [1], 2),
    caseOf((a, index, count) => ops.segmentMin(a, index, count), [1], 2),
    caseOf((a, index) => ops.segmentSoftmax(a, index, 2), [1]),
    caseOf((a, axis, keepDims) => ops.argmax(a, axis, keepDims), 1, true),
    caseOf((a, axis, keepDims) => ops.argmin(a, axis, keepDims), 1, true),
    caseOf((a, axis) => ops.sort(a, axis), 1),
    caseOf((a, axis) => ops.argsort(a, axis), 1),
    caseOf((a, count, axis) => ops.topK(a, count, axis)[0], 1, 1),
    caseOf((a, delta) => ops.huber(a, delta), 1.5),
    caseOf((a, exponent) => ops.pow(a, exponent), 2.7),
    caseOf((a, low, high) => ops.clamp(a, low, high), 1.5, 2.5),
    caseOf((a, cutoff) => ops.cosineCutoff(a, cutoff), 2.5),
    caseOf((a, centers, gamma) => ops.gaussians(a, centers, gamma), [1, 2], 0.5),
    caseOf((a, yes, no) => ops.where(a, yes, no), 2, 3),
    caseOf((a, b) => ops.add(a, b), 2),
    caseOf((a, b) => ops.scaled(b, a), 2),
  ];

  describe.each(calls)('%s', (_name, call, good) => {
    test('that are right give a value', () => {
      expectErrorOrRight(() => {
        const value = call(...(good as never[]));
        expect(value.tape.values).toContain(value);
        return value;
      });
      expect(() => call(...(good as never[]))).not.toThrow();
    });

    const positions = oneOf([...good.keys()]);
    const drawn = positions.chain(n => fc.tuple(fc.constant(n), hostile(good[n])));
    property('of which one is wrong throw an error or give the right value', drawn, ([n, make]) => {
      expectErrorOrRight(() => call(...(good.with(n, make()) as never[])));
    });
  });

  const texts: [string, (text: string) => Value][] = [
    ['the name of an op', name => defineOp({ name, forward: map((s, x) => s.neg(x)), vjp: [null] })(three())],
    ['the name of a parameter', name => ops.neg(new Tape().parameter(six, name))],
  ];
  test.each(texts)('%s may be any string, and nothing else', (_what, record) => {
    for (const text of [code, `*/${code}/*`, `\n${code}//`, `'${code}'`, `\${${code}}`, '\u2028', ''])
      expectErrorOrRight(() => record(text));
    for (const make of scalarMakers) {
      const name = make(2);
      if (typeof name !== 'string') expect(() => record(name as string)).not.toThrow(ReferenceError);
      expectErrorOrRight(() => record(name as string));
    }
    expect(() => record(convertingTo(code) as unknown as string)).toThrow(
      'name must be a string, got an object',
    );
  });
});

describe('an expression', () => {
  const honest = map((s, x) => s.mul(x, s.constant(2)));

  test('is checked at each use with another expression', () => {
    const by = defineOp({
      name: 'by',
      forward: (factor: number) => map((s, x) => s.mul(x, s.constant(factor))),
      vjp: [null],
    });
    by([three()], 2);
    expect(() => by([three()], code as unknown as number)).toThrow(
      'by: s.constant takes a number, got a string',
    );
    const any = defineOp({ name: 'any', forward: (form: Form) => form, vjp: [null] });
    any([three()], honest);
    const operators = map(((_s: unknown, x: number) => x * 2) as never);
    expect(() => any([three()], operators)).toThrow('any: its expression computes with operators or Math');
  });

  test('is checked for each number of inputs', () => {
    const fold = defineOp({
      name: 'fold',
      forward: map((s, x, ...rest) => (rest.length < 2 ? s.neg(x) : (code as never))),
      vjp: () => g => g,
    });
    const x = three();
    fold(x);
    fold(x, x);
    expect(() => fold(x, x, x)).toThrow('fold: its expression gives a string');
  });

  test('must be a function of at most 30,000 inputs', () => {
    expect(() => map(code as never)).toThrow('map: its expression must be a function');
    const total = defineOp({
      name: 'total',
      forward: map((s, ...xs) => xs.reduce((a, b) => s.add(a, b))),
      vjp: () => g => g,
    });
    const x = new Tape().parameter(1);
    expect(() => total(...new Array(30_001).fill(x))).toThrow(
      'total: an expression takes at most 30000 inputs',
    );
  });
});

describe('an input', () => {
  const x = three();
  const op = { name: 'own', vjp: () => (g: Value) => g };
  const form = { kind: 'accumulate' } as const;
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'own: operand 1 is undefined'],
    ['a list', [1, 2], 'own: operand 1 is a list, not a value'],
    ['text', code, 'own: operand 1 is a string, not a value'],
    ['a copy of a value', { ...x, shape: [code] }, 'own: operand 1 is a copy of a value'],
    [
      'a copy of a value with another id',
      { ...x, id: convertingTo(0) },
      'own: operand 1 is a copy of a value',
    ],
    ['a value of another tape', three(), 'belongs to another tape'],
  ])('that is %s is an error', (_what, input, message) => {
    expect(() => x.tape.record(op, form, [input as Value])).toThrow(message);
  });

  test('that is missing, or one too many for the form or the rules, is an error', () => {
    expect(() => x.tape.record(op, { kind: 'reshape', shape: [3] }, [x, x])).toThrow(
      'own: the form reshape takes 1 inputs, got 2',
    );
    expect(() => x.tape.record(op, form, [])).toThrow('own: the form accumulate takes at least one input');
    expect(() => x.tape.record({ name: 'own', vjp: [null] }, form, [x, x])).toThrow(
      'own: takes 1 operands, got 2',
    );
  });

  test('that is an index is checked by every op that records it', () => {
    const index = x.tape.constant(Int32Array.of(0, 5));
    expect(() => x.tape.record(op, { kind: 'gather' }, [x, index])).toThrow(
      'own: index 5 at position 1 is out of range: there are 1 rows',
    );
    // `rows` claims that the index was checked against 1 row. The claim must be ignored, since a caller makes it.
    const claimed = { kind: 'constant', tensor: tensor(Int32Array.of(9)), rows: 1 } as const;
    const own = x.tape.record({ name: 'own', vjp: [] }, { ...claimed }, []);
    expect(() => ops.gather(x, own)).toThrow('gather: index 9 at position 0 is out of range');
  });
});
