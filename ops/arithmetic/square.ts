import { defineOp, map, type Unary } from '../op.ts';
import { mul } from './mul.ts';
import { scaled } from './scaled.ts';

/**
 * x².
 *
 *     d(x²) = 2x·dx
 */
export const square: Unary = defineOp({
  name: 'square',
  forward: map((s, x) => s.mul(x, x)),
  vjp: [(g, _ans, x) => scaled(g, mul(2, x))],
});
