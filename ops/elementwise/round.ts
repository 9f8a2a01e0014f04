import { defineOp, map, type Unary } from '../op.ts';

/**
 * The whole number nearest to x. If two are equally near, the result is the even one, as in NumPy: 0.5 gives 0, and 1.5
 * gives 2. The derivative is 0.
 */
export const round: Unary = defineOp({
  name: 'round',
  forward: map((s, x) => {
    const [zero, half, one] = [s.constant(0), s.constant(0.5), s.constant(1)];
    const size = s.abs(x);
    const below = s.floor(size);
    const over = s.sub(size, below);
    const halved = s.mul(half, below);
    const even = s.select(s.equal(s.floor(halved), halved), below, s.add(below, one));
    const nearest = s.select(s.less(over, half), below, s.add(below, one));
    const rounded = s.select(s.equal(over, half), even, nearest);
    // Whole and infinite numbers stay unchanged.
    return s.select(s.equal(size, below), x, s.select(s.less(x, zero), s.neg(rounded), rounded));
  }),
  vjp: [null],
});
