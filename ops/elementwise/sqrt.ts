import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { equal } from './equal.ts';
import { where } from './where.ts';

/**
 * √x, with gradient 0 at 0, where the slope is infinite, so that a distance of 0 exerts no force.
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
