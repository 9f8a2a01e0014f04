import { mul } from '../arithmetic/mul.ts';
import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';

/**
 * The logistic function σ(x) = 1/(1 + e⁻ˣ). It uses exponentials of −|x| only, so none overflows. Both tails keep
 * their relative accuracy: in float64, σ(−700) is e⁻⁷⁰⁰, and σ(−1000), which underflows, is 0.
 *
 *     dσ(x) = σ(x)·σ(−x)·dx
 */
export const sigmoid: Unary = defineOp({
  name: 'sigmoid',
  forward: map((s, x) => {
    const e = s.exp(s.neg(s.abs(x)));
    return s.div(s.select(s.less(x, s.constant(0)), e, s.constant(1)), s.add(s.constant(1), e));
  }),
  vjp: [(g, ans, x) => scaled(g, mul(ans, sigmoid(neg(x))))],
});
