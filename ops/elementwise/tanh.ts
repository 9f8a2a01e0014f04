import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { sub } from '../arithmetic/sub.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * tanh x.
 *
 *     d tanh x = (1 − tanh² x)·dx
 */
export const tanh: Unary = defineOp({
  name: 'tanh',
  forward: map((s, x) => s.tanh(x)),
  vjp: [(g, ans) => scaled(g, sub(1, square(ans)))],
});
