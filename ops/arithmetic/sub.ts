import { type Binary, defineOp, map } from '../op.ts';
import { neg } from './neg.ts';

/**
 * a − b.
 *
 *     d(a − b) = da − db
 */
export const sub: Binary = defineOp({
  name: 'sub',
  forward: map((s, a, b) => s.sub(a, b)),
  vjp: [g => g, g => neg(g)],
});
