import { defineOp, map, type Unary } from '../op.ts';

/**
 * −x.
 *
 *     d(−x) = −dx
 */
export const neg: Unary = defineOp({
  name: 'neg',
  forward: map((s, x) => s.neg(x)),
  vjp: [g => neg(g)],
});
