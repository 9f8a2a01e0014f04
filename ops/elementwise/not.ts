import { defineOp, map, type Unary } from '../op.ts';

/**
 * 1 where x is 0, else 0: a condition is true where it is not 0, and so where it is NaN. Its derivative is 0.
 */
export const not: Unary = defineOp({
  name: 'not',
  forward: map((s, x) => s.select(x, s.constant(0), s.constant(1))),
  vjp: [null],
});
