import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * eˣ.
 *
 *     d(eˣ) = eˣ·dx
 */
export const exp: Unary = defineOp({
  name: 'exp',
  forward: map((s, x) => s.exp(x)),
  vjp: [(g, ans) => scaled(g, ans)],
});
