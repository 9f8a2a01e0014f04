import { type Binary, defineOp, map } from '../op.ts';

/**
 * 1 where neither a nor b is 0, else 0. NaN is not 0. Its derivative is 0.
 */
export const and: Binary = defineOp({
  name: 'and',
  forward: map((s, a, b) => s.select(a, s.select(b, s.constant(1), s.constant(0)), s.constant(0))),
  vjp: [null, null],
});
