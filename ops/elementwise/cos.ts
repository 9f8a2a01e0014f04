import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { sin } from './sin.ts';

/**
 * cos x, x in radians.
 *
 *     d cos x = −sin x·dx
 */
export const cos: Unary = defineOp({
  name: 'cos',
  forward: map((s, x) => s.cos(x)),
  vjp: [(g, _ans, x) => neg(scaled(g, sin(x)))],
});
