import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * The logarithm to base 2, computed as ln x/ln 2: for a power of 2 it may be off by one rounding.
 *
 *     d log₂ x = dx/(x ln 2)
 */
export const log2: Unary = defineOp({
  name: 'log2',
  forward: map((s, x) => s.div(s.log(x), s.constant(Math.LN2))),
  vjp: [(g, _ans, x) => scaled(g, div(Math.LOG2E, x))],
});
