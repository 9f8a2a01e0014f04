import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { slopeOfArcs } from './slopeOfArcs.ts';

/**
 * The arc sine of x, an angle in radians from −π/2 to π/2; NaN if |x| > 1. The slope at −1 and 1 is infinite, but the
 * gradient there is 0, as for `sqrt` at 0. The error is at most 2 ulp in float64 and 4 ulp in float32.
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
