import { scaled } from '../arithmetic/scaled.ts';
import { type Binary, defineOp, map } from '../op.ts';
import { less } from './less.ts';
import { share } from './share.ts';

/**
 * The smaller of a and b; NaN if either is NaN. Equal operands share the cotangent, half each.
 *
 *     d minimum(a, b) = da where a < b, db where b < a
 */
export const minimum: Binary = defineOp({
  name: 'minimum',
  forward: map((s, a, b) => s.min(a, b)),
  vjp: [
    (g, _ans, a, b) => scaled(g, share(less(a, b), a, b)),
    (g, _ans, a, b) => scaled(g, share(less(b, a), a, b)),
  ],
});
