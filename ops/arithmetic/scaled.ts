import { type Binary, defineOp, map } from '../op.ts';
import { zeroWins } from './zeroWins.ts';

/**
 * g · f, but 0 where g is 0, whatever f is.
 *
 * Every derivative rule multiplies its cotangent with it. A zero cotangent comes from a branch not taken, where f may
 * be infinite or NaN (1/x at 0, exp(x) at 1000); 0 · NaN would bring that into the gradient. At the next order the
 * cotangent h of this product may itself be NaN, and the zero g must win; so its own derivatives use `zeroWins`.
 *
 *     ∂(g·f)/∂g = f        ∂(g·f)/∂f = g
 */
export const scaled: Binary = defineOp({
  name: 'scaled',
  forward: map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  vjp: [(h, _ans, _g, f) => zeroWins(h, f), (h, _ans, g) => zeroWins(h, g)],
});
