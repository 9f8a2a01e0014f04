import { type Binary, defineOp, map } from '../op.ts';
import { zeroWins } from './zeroWins.ts';

/**
 * g · f, but 0 if g is 0, even if f is infinite or NaN.
 *
 * Derivative rules use it to multiply a cotangent g by a derivative f. In a branch not taken, g is 0, but f may be
 * infinite or NaN (1/x at 0, exp(x) at 1000), and the ordinary product would be NaN. In higher derivatives, the
 * cotangent of this product may itself be NaN although g is 0, so the derivatives of `scaled` use `zeroWins`.
 *
 *     ∂(g·f)/∂g = f        ∂(g·f)/∂f = g
 */
export const scaled: Binary = defineOp({
  name: 'scaled',
  forward: map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  vjp: [(h, _ans, _g, f) => zeroWins(h, f), (h, _ans, g) => zeroWins(h, g)],
});
