import { type Binary, defineOp, map } from '../op.ts';

/**
 * g · f, and 0 where g is 0 whatever f is.
 *
 * Every rule below multiplies its cotangent by this. A zero cotangent comes from a branch not taken, where f may be
 * infinite or NaN (1/x at 0, exp(x) at 1000, anything of NaN); 0 · NaN would carry that into the gradient. Its own rule
 * is `scaled` again, so the same holds at every order.
 *
 *     ∂(g·f)/∂g = f        ∂(g·f)/∂f = g
 */
export const scaled: Binary = defineOp({
  name: 'scaled',
  forward: map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  vjp: [(h, _ans, _g, f) => scaled(h, f), (h, _ans, g) => scaled(g, h)],
});
