import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * 1/√x.
 *
 *     d x^−½ = −½ x^−½/x·dx
 */
export const rsqrt: Unary = defineOp({
  name: 'rsqrt',
  forward: map((s, x) => s.div(s.constant(1), s.sqrt(x))),
  vjp: [(g, ans, x) => scaled(g, mul(-0.5, div(ans, x)))],
});
