import { defineOp, map, type Unary } from '../op.ts';

/** −1, 0 or 1 for negative, zero or positive x, with derivative 0. */
export const sign: Unary = defineOp({
  name: 'sign',
  forward: map((s, x) => s.sign(x)),
  vjp: [null],
});
