import { defineOp, map, type Ternary } from '../op.ts';

/**
 * `yes` where the condition is not 0, else `no`. The branch not taken may be NaN or infinite. It affects neither
 * the result nor a gradient of any order.
 *
 *     d where(c, a, b) = da where c, else db
 * @example
 * where(greater(x, 0), log(x), 0);              // finite, with a finite gradient, at x = 0 too
 */
export const where: Ternary = defineOp({
  name: 'where',
  forward: map((s, condition, yes, no) => s.select(condition, yes, no)),
  vjp: [null, (g, _ans, condition) => where(condition, g, 0), (g, _ans, condition) => where(condition, 0, g)],
});
