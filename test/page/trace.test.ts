import { Tape, tensor } from 'posetape';
import {
  add,
  div,
  exp,
  gather,
  log,
  mul,
  neg,
  segmentSum,
  sqrt,
  square,
  sub,
  sum,
  where,
} from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { formulaOf } from '../../examples/browser/formula.ts';
import { Context } from '../../examples/browser/worker/tasks.ts';
import { trace } from '../../examples/browser/worker/trace.ts';
import { ensemble } from './open.ts';

const context = new Context();
context.poses = ensemble.poses;

describe('the page’s trace of a tape', () => {
  test.each([0, 17, 63])('accounts for every byte at every step of pose %i', pose => {
    const { entries, steps, held, heldAfter, copies, peak } = trace(context, pose);
    const computed = entries.filter(({ step }) => step >= 0);
    const bytes = (isStored: (entry: (typeof computed)[number]) => boolean) =>
      computed.filter(isStored).reduce((total, entry) => total + entry.bytes, copies);
    for (let at = 0; at < steps; at++) {
      expect(held[at]).toBe(bytes(({ step, lastUse }) => step <= at && at <= lastUse));
      if (at < steps - 1)
        expect(heldAfter[at]).toBe(bytes(({ step, lastUse }) => step <= at && at < lastUse));
    }
    expect(heldAfter.at(-1)).toBe(0);
    expect(Math.max(...held)).toBe(peak);
  });
});

describe('formulaOf', () => {
  const tape = new Tape();
  const x = tape.parameter(tensor([1, 2]), 'x');
  const y = tape.parameter(tensor([3, 4]), 'y');

  test.each([
    [x, 'the parameter x'],
    [add(x, y), '%0 + %1'],
    [mul(x, y), '%0 · %1'],
    [square(x), '%0²'],
    [div(x, y), '%0 / %1'],
    [sub(x, y), '%0 − %1'],
    [exp(x), 'exp(%0)'],
    [log(x), 'ln(%0)'],
    [sqrt(x), '√%0'],
    [neg(x), '−%0'],
    [where(x, y, x), '%0 ? %1 : %0'],
    [sum(x), 'Σ %0 over axis 0'],
  ])('writes the value of case %# as a formula', (value, formula) => {
    expect(formulaOf(value.form.kind === 'reshape' ? (value.inputs[0] as typeof value) : value)).toBe(
      formula,
    );
  });

  test('names the index of gathered and summed rows', () => {
    const index = tape.index([1, 0]);
    expect(formulaOf(gather(x, index))).toBe(`%0[%${index.id}]`);
    expect(formulaOf(segmentSum(x, index, 2))).toBe(`Σ %0 by %${index.id}`);
  });
});
