import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { slopeOfArcs } from './slopeOfArcs.ts';

/**
 * The arc cosine of x, an angle in radians from 0 to π; NaN if |x| > 1. The slope at −1 and 1 is infinite, but the
 * gradient there is 0, as for `sqrt` at 0. The error is at most 2 ulp in float64 and 4 ulp in float32, for small angles
 * too.
 *
 *     d arccos x = −dx/√(1 − x²)
 */
export const acos: Unary = defineOp({
  name: 'acos',
  forward: map((s, x) => {
    const one = s.constant(1);
    return s.atan2(s.sqrt(s.mul(s.sub(one, x), s.add(one, x))), x);
  }),
  vjp: [(g, _ans, x) => neg(scaled(g, slopeOfArcs(x)))],
});
