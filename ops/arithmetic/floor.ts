import { defineOp, map, type Unary } from '../op.ts';

/**
 * The largest whole number not above x. Its derivative is 0 wherever it has one.
 */
export const floor: Unary = defineOp({
  name: 'floor',
  forward: map((s, x) => s.floor(x)),
  vjp: [null],
});
