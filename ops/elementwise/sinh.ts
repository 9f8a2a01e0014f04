import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { cosh } from './cosh.ts';

/**
 * sinh x = (eˣ − e⁻ˣ)/2, without cancellation at small x. It overflows only if the result does, for |x| above 710.
 *
 *     d sinh x = cosh x·dx
 */
export const sinh: Unary = defineOp({
  name: 'sinh',
  forward: map((s, x) => {
    const size = s.abs(x);
    const grown = s.expm1(size);
    const near = s.mul(s.constant(0.5), s.add(grown, s.div(grown, s.add(grown, s.constant(1)))));
    const root = s.exp(s.mul(s.constant(0.5), size));
    const far = s.mul(s.mul(s.constant(0.5), root), root);
    // For |x| above 22, the smaller exponential is too small to change the difference.
    return s.mul(s.sign(x), s.select(s.less(size, s.constant(22)), near, far));
  }),
  vjp: [(g, _ans, x) => scaled(g, cosh(x))],
});
