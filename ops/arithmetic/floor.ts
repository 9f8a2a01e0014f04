import { defineOp, map, type Unary } from '../op.ts';

/** The largest whole number not above x, with derivative 0. */
export const floor: Unary = defineOp({
  name: 'floor',
  forward: map((s, x) => s.floor(x)),
  vjp: [null],
});
