import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { cos } from './cos.ts';

/**
 * sin x, x in radians.
 *
 *     d sin x = cos x·dx
 */
export const sin: Unary = defineOp({
  name: 'sin',
  forward: map((s, x) => s.sin(x)),
  vjp: [(g, _ans, x) => scaled(g, cos(x))],
});
