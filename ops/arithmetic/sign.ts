import { defineOp, map, type Unary } from '../op.ts';

/**
 * −1, 0 or 1, as x is negative, zero or positive. Its derivative is 0 wherever it has one.
 */
export const sign: Unary = defineOp({
  name: 'sign',
  forward: map((s, x) => s.sign(x)),
  vjp: [null],
});
