import { defineOp, map, type Unary } from '../op.ts';

/** x without its fraction, rounded towards 0. Its derivative is 0. */
export const trunc: Unary = defineOp({
  name: 'trunc',
  forward: map((s, x) => s.select(s.less(x, s.constant(0)), s.neg(s.floor(s.neg(x))), s.floor(x))),
  vjp: [null],
});
