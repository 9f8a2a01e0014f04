import { defineOp, map, type Unary } from '../op.ts';

/** 1 where x is 0, else 0, with derivative 0. NaN is not 0, so it counts as true. */
export const not: Unary = defineOp({
  name: 'not',
  forward: map((s, x) => s.select(x, s.constant(0), s.constant(1))),
  vjp: [null],
});
