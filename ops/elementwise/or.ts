import { type Binary, defineOp, map } from '../op.ts';

/**
 * 1 where a or b is not 0, else 0. NaN is not 0. Its derivative is 0.
 */
export const or: Binary = defineOp({
  name: 'or',
  forward: map((s, a, b) => s.select(a, s.constant(1), s.select(b, s.constant(1), s.constant(0)))),
  vjp: [null, null],
});
