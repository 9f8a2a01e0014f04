import { type Binary, defineOp, map } from '../op.ts';

/** 1 where a ≠ b (also where either is NaN), else 0. Its derivative is 0. */
export const notEqual: Binary = defineOp({
  name: 'notEqual',
  forward: map((s, a, b) => s.select(s.equal(a, b), s.constant(0), s.constant(1))),
  vjp: [null, null],
});
