import { add } from '../arithmetic/add.ts';
import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * ln(1 + x), computed without cancellation at small x.
 *
 *     d ln(1 + x) = dx/(1 + x)
 */
export const log1p: Unary = defineOp({
  name: 'log1p',
  forward: map((s, x) => s.log1p(x)),
  vjp: [(g, _ans, x) => scaled(g, div(1, add(1, x)))],
});
