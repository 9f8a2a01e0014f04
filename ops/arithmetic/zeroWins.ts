import { type Binary, defineOp, map } from '../op.ts';

/**
 * a · b, but 0 if either factor is 0: 0 · NaN and 0 · ∞ are 0. The derivatives of {@link scaled} and of `zeroWins`
 * itself use this op.
 *
 *     ∂(a·b)/∂a = b        ∂(a·b)/∂b = a
 */
export const zeroWins: Binary = defineOp({
  name: 'zeroWins',
  forward: map((s, a, b) => {
    const zero = s.constant(0);
    return s.select(s.equal(a, zero), zero, s.select(s.equal(b, zero), zero, s.mul(a, b)));
  }),
  vjp: [(g, _ans, _a, b) => zeroWins(g, b), (g, _ans, a) => zeroWins(g, a)],
});
