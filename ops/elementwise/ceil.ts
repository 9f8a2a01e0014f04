import { defineOp, map, type Unary } from '../op.ts';

/** The smallest whole number not below x, with derivative 0. */
export const ceil: Unary = defineOp({
  name: 'ceil',
  forward: map((s, x) => s.neg(s.floor(s.neg(x)))),
  vjp: [null],
});
