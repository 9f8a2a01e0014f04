import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { sinh } from './sinh.ts';

/**
 * cosh x = (eˣ + e⁻ˣ)/2, computed from e^|x/2|. So it overflows only if the result does, for |x| above 710.
 *
 *     d cosh x = sinh x·dx
 */
export const cosh: Unary = defineOp({
  name: 'cosh',
  forward: map((s, x) => {
    const half = s.constant(0.5);
    const root = s.exp(s.mul(half, s.abs(x)));
    return s.add(s.mul(s.mul(half, root), root), s.div(s.div(half, root), root));
  }),
  vjp: [(g, _ans, x) => scaled(g, sinh(x))],
});
