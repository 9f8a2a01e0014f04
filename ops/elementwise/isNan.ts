import { defineOp, map, type Unary } from '../op.ts';

/**
 * 1 where x is NaN, else 0. Its derivative is 0.
 */
export const isNan: Unary = defineOp({
  name: 'isNan',
  forward: map((s, x) => s.select(s.equal(x, x), s.constant(0), s.constant(1))),
  vjp: [null],
});
