import { defineOp, map, type Unary } from '../op.ts';

/**
 * x without its fraction: the nearest whole number on the side of 0. Its derivative is 0 wherever it has one.
 */
export const trunc: Unary = defineOp({
  name: 'trunc',
  forward: map((s, x) => s.select(s.less(x, s.constant(0)), s.neg(s.floor(s.neg(x))), s.floor(x))),
  vjp: [null],
});
