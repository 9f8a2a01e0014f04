import { type Binary, defineOp, map } from '../op.ts';
import { neg } from './neg.ts';
import { scaled } from './scaled.ts';

/**
 * a / b.
 *
 *     d(a/b) = da/b − (a/b)/b·db
 */
export const div: Binary = defineOp({
  name: 'div',
  forward: map((s, a, b) => s.div(a, b)),
  vjp: [(g, _ans, _a, b) => scaled(g, div(1, b)), (g, ans, _a, b) => neg(scaled(g, div(ans, b)))],
});
