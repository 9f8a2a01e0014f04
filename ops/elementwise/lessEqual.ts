import { type Binary, defineOp, map } from '../op.ts';

/**
 * 1 where a ≤ b, else 0 (also where either is NaN). Its derivative is 0.
 */
export const lessEqual: Binary = defineOp({
  name: 'lessEqual',
  forward: map((s, a, b) => s.select(s.less(a, b), s.constant(1), s.equal(a, b))),
  vjp: [null, null],
});
