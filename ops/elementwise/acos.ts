import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { slopeOfArcs } from './slopeOfArcs.ts';

/**
 * arccos x in radians, from 0 to π; NaN outside −1 … 1. Small angles are relatively accurate. The gradient at −1 and 1,
 * where the slope is infinite, is 0, like that of `sqrt` at 0. Within 2 ulp of float64, 4 of float32.
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
