import { errorFunctionComplement } from '../../engine/error-functions.ts';
import { add } from '../arithmetic/add.ts';
import { mul } from '../arithmetic/mul.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { erfc } from './erfc.ts';
import { exp } from './exp.ts';

/**
 * The Gaussian error linear unit x·Φ(x), with the cumulative normal distribution Φ (D. Hendrycks and K. Gimpel, 2016).
 * It is exact, not the common approximation by tanh. Φ(x) is computed as ½ erfc(−x/√2), which avoids cancellation in
 * the left tail: the error there is at most x² ulp. The result at −∞ is 0.
 *
 *     d gelu(x) = (Φ(x) + x·φ(x))·dx,  φ(x) = exp(−x²/2)/√(2π)
 */
export const gelu: Unary = defineOp({
  name: 'gelu',
  forward: map((s, x) => {
    const twicePhi = s.special(errorFunctionComplement, s.mul(s.constant(-Math.SQRT1_2), x));
    const zero = s.constant(0);
    return s.select(s.equal(twicePhi, zero), zero, s.mul(s.mul(s.constant(0.5), x), twicePhi));
  }),
  vjp: [
    (g, _ans, x) => {
      const phi = mul(0.5, erfc(mul(-Math.SQRT1_2, x)));
      const density = mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, square(x))));
      return scaled(g, add(phi, scaled(density, x)));
    },
  ],
});
