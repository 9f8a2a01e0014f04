import { mul } from '../arithmetic/mul.ts';
import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { sub } from '../arithmetic/sub.ts';
import { type Binary, defineOp, map } from '../op.ts';

/**
 * The angle of the point (x, y) in radians, from −π to π. Its tangent is y/x, and it lies in the quadrant of the point.
 * The first argument is y. Like `Math.atan2`, the op distinguishes −0 from 0: for negative x, the angle is π at y = 0
 * and −π at y = −0. The slope at (0, 0) is infinite, but the gradient there is 0. The error is at most 1.5 ulp in
 * float64 and 3 ulp in float32.
 *
 *     d atan2(y, x) = (x·dy − y·dx)/(x² + y²)
 * @example
 * atan2(sine, cosine);                          // a dihedral angle
 */
export const atan2: Binary = defineOp({
  name: 'atan2',
  forward: map((s, y, x) => s.atan2(y, x)),
  vjp: [(g, _ans, y, x) => scaled(g, inverted(x, y)), (g, _ans, y, x) => neg(scaled(g, inverted(y, x)))],
});

/**
 * a/(a² + b²), computed without overflow or underflow of squares; 0 at (0, 0). With p = a/(a² + b²) and q = b/(a² +
 * b²):
 *
 *     dp = (q² − p²)·da − 2pq·db
 */
const inverted: Binary = defineOp({
  name: 'inverted',
  forward: map((s, a, b) => {
    const [width, height] = [s.abs(a), s.abs(b)];
    const ifTaller = () => {
      const share = s.div(a, b);
      return s.div(share, s.add(s.mul(a, share), b));
    };
    const ifWider = s.div(s.constant(1), s.add(a, s.mul(b, s.div(b, a))));
    const ifEqual = s.select(s.equal(a, s.constant(0)), s.constant(0), s.div(s.constant(0.5), a));
    return s.select(s.less(width, height), ifTaller(), s.select(s.equal(width, height), ifEqual, ifWider));
  }),
  vjp: [
    (g, ans, a, b) => scaled(g, sub(square(inverted(b, a)), square(ans))),
    (g, ans, a, b) => scaled(g, mul(-2, mul(ans, inverted(b, a)))),
  ],
});
