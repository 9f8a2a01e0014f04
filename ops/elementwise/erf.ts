import { errorFunction } from '../../engine/error-functions.ts';
import { mul } from '../arithmetic/mul.ts';
import { neg } from '../arithmetic/neg.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { square } from '../arithmetic/square.ts';
import { defineOp, map, type Unary } from '../op.ts';
import { exp } from './exp.ts';

/**
 * The error function erf x = 2/√π ∫₀ˣ exp(−t²) dt. It rises from −1 to 1 as x grows. Its error is at most 1 ulp in
 * float64 and 3 ulp in float32. For 1 − erf x use {@link erfc}.
 *
 *     d erf x = 2/√π·exp(−x²)·dx
 */
export const erf: Unary = defineOp({
  name: 'erf',
  forward: map((s, x) => s.special(errorFunction, x)),
  vjp: [(g, _ans, x) => scaled(g, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x)))))],
});
