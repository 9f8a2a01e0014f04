import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { slopeOfArcs } from './slopeOfArcs.ts';

/**
 * arcsin x in radians, from −π/2 to π/2; NaN outside −1 … 1. The gradient at −1 and 1, where the slope is infinite, is
 * 0, like that of `sqrt` at 0. Within 2 ulp of float64, 4 of float32.
 *
 *     d arcsin x = dx/√(1 − x²)
 */
export const asin: Unary = defineOp({
  name: 'asin',
  // 1 − x and 1 + x are exact near 1 and −1, where 1 − x² loses digits.
  forward: map((s, x) => {
    const one = s.constant(1);
    return s.atan2(x, s.sqrt(s.mul(s.sub(one, x), s.add(one, x))));
  }),
  vjp: [(g, _ans, x) => scaled(g, slopeOfArcs(x))],
});
