import { defineOp, map, type Unary } from '../op.ts';
import { scaled } from './scaled.ts';
import { sign } from './sign.ts';

/**
 * |x|, with the subgradient 0 at 0.
 *
 *     d|x| = sign(x)·dx
 */
export const abs: Unary = defineOp({
  name: 'abs',
  forward: map((s, x) => s.abs(x)),
  vjp: [(g, _ans, x) => scaled(g, sign(x))],
});
