import fc from 'fast-check';
import { gradient, interpreter, Tape, type Tensor, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';
import { expect, test } from 'vitest';
import { Entries, TooManyEntries } from '../../engine/entries.ts';
import { expectClose } from '../support/equal.ts';
import { paramsOf, poseArbitrary, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';

property(
  'single entries equal the interpreter’s, for every value of a program and its gradient',
  programArbitrary(),
  poseArbitrary(),
  fc.constantFrom<'float64' | 'float32'>('float64', 'float32'),
  (program, pose, precision) => {
    const tape = new Tape();
    const params = Object.entries(paramsOf(program)).map(([name, each]) => tape.parameter(each, name));
    const y = record(program, tape, Object.fromEntries(params.entries()), pose);
    gradient(y, params);
    const values = tape.values.filter(({ dtype }) => dtype === 'real');
    const expected = interpreter({ precision }).run(values);
    const entries = new Entries(precision, Number.POSITIVE_INFINITY);
    for (const [i, value] of values.entries()) {
      const { data } = expected[i] as Tensor;
      const actual = Float64Array.from(data, (_, at) => entries.get(value, at));
      expectClose(actual, data, precision === 'float64' ? 1e-11 : 1e-3);
    }
  },
);

test('only entries that an entry depends on are computed', () => {
  const tape = new Tape();
  const x = ops.exp(tape.constant(new Float64Array(1000)));
  const entries = new Entries('float64', 10);
  expect(entries.get(ops.neg(x), 7)).toBe(-1);
  expect(entries.count).toBe(2);
  expect(() => entries.get(ops.sum(x), 0)).toThrow(TooManyEntries);
});

test('a sum stops when it becomes NaN, but not at an infinity', () => {
  const sumOf = (...numbers: number[]) => {
    const tape = new Tape();
    const terms = ops.neg(tape.constant([...numbers, ...new Array(1000).fill(1)]));
    const entries = new Entries('float64', 2000);
    return [entries.get(ops.sum(terms), 0), entries.count];
  };
  // The op `sum` records a reduction and a reshape, so it counts 2 entries in addition to its terms.
  expect(sumOf(1, Number.NaN)).toEqual([Number.NaN, 2 + 2]);
  expect(sumOf(Infinity, 1, -Infinity)).toEqual([Number.NaN, 2 + 3]);
  expect(sumOf(Infinity)).toEqual([-Infinity, 2 + 1001]);
});

test('a tape too deep for the call stack is rejected before the stack overflows', () => {
  const chain = (length: number) => {
    const tape = new Tape();
    let x: Value = tape.parameter(tensor(1));
    for (let i = 0; i < length; i++) x = ops.neg(x);
    return new Entries('float64', Number.POSITIVE_INFINITY).get(x, 0);
  };
  expect(chain(1000)).toBe(1);
  expect(() => chain(100_000)).toThrow(TooManyEntries);
});
