import { type Binary, defineOp, map } from '../op.ts';

/**
 * 1 where a ≥ b, else 0 (also where either is NaN). Its derivative is 0.
 */
export const greaterEqual: Binary = defineOp({
  name: 'greaterEqual',
  forward: map((s, a, b) => s.select(s.less(b, a), s.constant(1), s.equal(a, b))),
  vjp: [null, null],
});
