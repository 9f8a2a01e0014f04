import { scaled } from '../arithmetic/scaled.ts';
import { equal } from '../elementwise/equal.ts';
import { sigmoid } from '../elementwise/sigmoid.ts';
import { where } from '../elementwise/where.ts';
import { type Binary, defineOp, map, type Value } from '../op.ts';
import { difference } from './difference.ts';

/**
 * ln(eᵃ + eᵇ), a smooth maximum of two numbers. It is computed without overflow and without losing the smaller number.
 *
 *     ln(eᵃ + eᵇ) = max(a, b) + ln(1 + e^−|a − b|)
 *     d = σ(a − b)·da + σ(b − a)·db
 *
 * If both are −∞, the result is −∞ with gradient 0. If both are ∞, it is ∞ and they share the gradient, as in
 * `logSumExp`.
 */
export const logAddExp: Binary = defineOp({
  name: 'logAddExp',
  forward: map((s, a, b) => {
    const apart = s.select(s.equal(a, b), s.constant(0), s.abs(s.sub(a, b)));
    return s.add(s.max(a, b), s.log1p(s.exp(s.neg(apart))));
  }),
  vjp: [(g, ans, a, b) => scaled(g, share(ans, a, b)), (g, ans, a, b) => scaled(g, share(ans, b, a))],
});

/** The share of `a` in the sum of exponentials; 0 if that sum is 0. */
function share(ans: Value, a: Value, b: Value): Value {
  return where(equal(ans, -Infinity), 0, sigmoid(difference(a, b)));
}
