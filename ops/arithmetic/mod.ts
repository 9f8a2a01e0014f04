import { type Binary, defineOp, map } from '../op.ts';
import { add } from './add.ts';
import { div } from './div.ts';
import { floor } from './floor.ts';
import { neg } from './neg.ts';
import { scaled } from './scaled.ts';
import { sub } from './sub.ts';

/**
 * The remainder of a division, with the sign of the divisor, as in NumPy: −1 mod 3 is 2, and 1 mod −3 is −2. NaN for a
 * divisor of 0 or an infinite a.
 *
 *     a mod b = a − b·⌊a/b⌋        d(a mod b) = da − ⌊a/b⌋·db
 *
 * Its rounding error is relative to a, not to the result: 1 mod 0.1 is 0, whereas C's `fmod` gives 0.09999999999999995.
 * If |a/b| exceeds 2⁵³, the result has no correct digit.
 */
export const mod: Binary = defineOp({
  name: 'mod',
  forward: map((s, a, b) => {
    const zero = s.constant(0);
    const remainder = s.sub(a, s.mul(b, s.floor(s.div(a, b))));
    // The quotient may have been rounded up to the next whole number.
    const hasWrongSign = s.less(s.mul(s.sign(remainder), s.sign(b)), zero);
    const corrected = s.select(hasWrongSign, s.add(remainder, b), remainder);
    // A remainder beyond the divisor consists only of rounding errors.
    const forFiniteDivisor = s.select(s.less(s.abs(b), s.abs(corrected)), zero, corrected);
    // For an infinite divisor, the result is a, or the divisor if the signs are opposite.
    const isFiniteDividend = s.less(s.abs(a), s.constant(Infinity));
    const forInfiniteDivisor = s.select(s.less(s.mul(s.sign(a), s.sign(b)), zero), b, a);
    const isInfiniteDivisor = s.equal(s.abs(b), s.constant(Infinity));
    return s.select(
      isInfiniteDivisor,
      s.select(isFiniteDividend, forInfiniteDivisor, s.constant(Number.NaN)),
      forFiniteDivisor,
    );
  }),
  vjp: [
    g => g,
    // The quotient ⌊a/b⌋ of the forward pass. Up to rounding, a − ans is b·⌊a/b⌋.
    (g, ans, a, b) => neg(scaled(g, floor(add(div(sub(a, ans), b), 0.5)))),
  ],
});
