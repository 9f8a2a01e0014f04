import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { equal } from './equal.ts';
import { where } from './where.ts';

/**
 * √x, with the subgradient 0 at 0, where the slope is infinite: so a distance of 0 pushes nowhere.
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
