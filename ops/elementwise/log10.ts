import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * The logarithm to base 10, computed as ln x/ln 10: for a power of 10 it may be off by one rounding.
 *
 *     d log₁₀ x = dx/(x ln 10)
 */
export const log10: Unary = defineOp({
  name: 'log10',
  forward: map((s, x) => s.div(s.log(x), s.constant(Math.LN10))),
  vjp: [(g, _ans, x) => scaled(g, div(Math.LOG10E, x))],
});
