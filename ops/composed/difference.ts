import { neg } from '../arithmetic/neg.ts';
import { type Binary, defineOp, map } from '../op.ts';

/** a − b, but 0 for equal operands, even infinite ones. */
export const difference: Binary = defineOp({
  name: 'difference',
  forward: map((s, a, b) => s.select(s.equal(a, b), s.constant(0), s.sub(a, b))),
  vjp: [g => g, g => neg(g)],
});
