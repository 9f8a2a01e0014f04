import { abs } from '../arithmetic/abs.ts';
import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { sub } from '../arithmetic/sub.ts';
import { relu } from '../elementwise/relu.ts';
import { defineOp, map, type Operand, type Value } from '../op.ts';
import { clamp } from './clamp.ts';

/**
 * The Huber function, which is quadratic near 0 and linear far from 0 (P. J. Huber, Ann. Math. Stat. 35, 73, 1964).
 * `delta`, the δ below, must be above 0.
 *
 *     x²/2 where |x| ≤ δ, else δ(|x| − δ/2)        ∂/∂x = clamp(x, −δ, δ), ∂/∂δ = relu(|x| − δ)
 */
export function huber(x: Value, delta: Operand = 1): Value {
  return huberOp(x, delta);
}

const huberOp = defineOp({
  name: 'huber',
  forward: map((s, x, delta) => {
    const clamped = s.min(s.max(x, s.neg(delta)), delta);
    return s.mul(clamped, s.sub(x, s.mul(s.constant(0.5), clamped)));
  }),
  vjp: [
    (g, _ans, x, delta) => scaled(g, clamp(x, neg(delta), delta)),
    (g, _ans, x, delta) => scaled(g, relu(sub(abs(x), delta))),
  ],
});
