import { type Binary, defineOp, map } from '../op.ts';
import { zeroWins } from './zeroWins.ts';

/**
 * g · f, but 0 where g is 0, whatever f is.
 *
 * Derivative rules use it to multiply a cotangent by a derivative. A zero cotangent comes from a branch not taken,
 * where f may be infinite or NaN (1/x at 0, exp(x) at 1000), and 0 · NaN is NaN. At the next order the cotangent h of
 * this product may itself be NaN where g is 0, so the derivatives of `scaled` use `zeroWins`.
 *
 *     ∂(g·f)/∂g = f        ∂(g·f)/∂f = g
 */
export const scaled: Binary = defineOp({
  name: 'scaled',
  forward: map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  vjp: [(h, _ans, _g, f) => zeroWins(h, f), (h, _ans, g) => zeroWins(h, g)],
});
