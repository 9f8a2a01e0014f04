import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { type Binary, defineOp, map, type Value } from '../op.ts';
import { equal } from './equal.ts';
import { where } from './where.ts';

/**
 * √(a² + b²), computed without overflow or underflow of the squares. If a = b = 0, the gradient is 0, as for `norm`. If
 * a or b is infinite, the result is ∞, even if the other is NaN.
 *
 *     d hypot(a, b) = (a·da + b·db)/hypot(a, b)
 */
export const hypot: Binary = defineOp({
  name: 'hypot',
  forward: map((s, a, b) => {
    const [one, infinity] = [s.constant(1), s.constant(Infinity)];
    const [x, y] = [s.abs(a), s.abs(b)];
    const [large, small] = [s.max(x, y), s.min(x, y)];
    const ratio = s.div(small, large);
    const length = s.mul(large, s.sqrt(s.add(one, s.mul(ratio, ratio))));
    const finite = s.select(s.equal(large, s.constant(0)), large, length);
    return s.select(s.equal(x, infinity), infinity, s.select(s.equal(y, infinity), infinity, finite));
  }),
  vjp: [(g, ans, a) => scaled(g, cosine(a, ans)), (g, ans, _a, b) => scaled(g, cosine(b, ans))],
});

/** The ratio of a side to the hypotenuse; 0 if the hypotenuse is 0. */
function cosine(side: Value, length: Value): Value {
  return where(equal(length, 0), 0, div(side, length));
}
