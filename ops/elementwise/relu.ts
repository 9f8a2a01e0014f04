import { defineOp, map, type Unary } from '../op.ts';
import { less } from './less.ts';
import { where } from './where.ts';

/**
 * max(x, 0), with the subgradient 0 at 0.
 *
 *     d relu(x) = dx where x > 0, else 0
 */
export const relu: Unary = defineOp({
  name: 'relu',
  forward: map((s, x) => s.max(x, s.constant(0))),
  vjp: [(g, _ans, x) => where(less(0, x), g, 0)],
});
