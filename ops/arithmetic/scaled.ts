import { type Binary, defineOp, map } from '../op.ts';
import { zeroWins } from './zeroWins.ts';

/**
 * g · f, and 0 where g is 0 whatever f is.
 *
 * Every derivative rule multiplies its cotangent by this. A zero cotangent comes from a branch not taken, where f may be
 * infinite or NaN (1/x at 0, exp(x) at 1000, anything of NaN); 0 · NaN would carry that into the gradient. At the next
 * order the cotangent h of this very product may be the NaN, and g the zero that must win; hence {@link zeroWins}.
 *
 *     ∂(g·f)/∂g = f        ∂(g·f)/∂f = g
 */
export const scaled: Binary = defineOp({
  name: 'scaled',
  forward: map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  vjp: [(h, _ans, _g, f) => zeroWins(h, f), (h, _ans, g) => zeroWins(h, g)],
});
