import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * ln x, the natural logarithm.
 *
 *     d(ln x) = dx/x
 */
export const log: Unary = defineOp({
  name: 'log',
  forward: map((s, x) => s.log(x)),
  vjp: [(g, _ans, x) => scaled(g, div(1, x))],
});
