import { scaled } from '../arithmetic/scaled.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { sigmoid } from './sigmoid.ts';

/**
 * ln(1 + eˣ), a smooth max(x, 0), computed as max(x, 0) + ln(1 + e^−|x|). So it neither overflows at x = 1000 nor
 * rounds to 0 at x = −700 (M. Mächler, Accurately computing log(1 − exp(−|a|)), 2012).
 *
 *     d softplus(x) = σ(x)·dx
 */
export const softplus: Unary = defineOp({
  name: 'softplus',
  forward: map((s, x) => s.add(s.max(x, s.constant(0)), s.log1p(s.exp(s.neg(s.abs(x)))))),
  vjp: [(g, _ans, x) => scaled(g, sigmoid(x))],
});
