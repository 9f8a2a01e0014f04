import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { equal } from './equal.ts';
import { where } from './where.ts';

/**
 * √x. The slope at 0 is infinite, but the gradient there is 0, so that two points at distance 0 exert no force.
 *
 *     d√x = dx/(2√x)
 */
export const sqrt: Unary = defineOp({
  name: 'sqrt',
  forward: map((s, x) => s.sqrt(x)),
  vjp: [
    (g, ans) => {
      const isZero = equal(ans, 0);
      return scaled(g, where(isZero, 0, div(0.5, ans)));
    },
  ],
});
