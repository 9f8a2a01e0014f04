import { type Binary, defineOp, map } from '../op.ts';
import { scaled } from './scaled.ts';

/**
 * a · b.
 *
 *     d(a·b) = b·da + a·db
 */
export const mul: Binary = defineOp({
  name: 'mul',
  forward: map((s, a, b) => s.mul(a, b)),
  vjp: [(g, _ans, _a, b) => scaled(g, b), (g, _ans, a) => scaled(g, a)],
});
