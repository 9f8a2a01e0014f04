import { add } from '../arithmetic/add.ts';
import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * The arc tangent of x, an angle in radians from −π/2 to π/2. For the arc tangent of a quotient use {@link atan2}. The
 * error is at most 1.5 ulp in float64 and 3 ulp in float32.
 *
 *     d arctan x = dx/(1 + x²)
 */
export const atan: Unary = defineOp({
  name: 'atan',
  forward: map((s, x) => s.atan2(x, s.constant(1))),
  vjp: [(g, _ans, x) => scaled(g, div(1, add(1, square(x))))],
});
