import { type Code, i32, op } from '../emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  inPairs,
  integer,
  keep,
  least,
  less,
  most,
  mul,
  number,
  or,
  polynomial,
  type Site,
  sub,
} from './arithmetic.ts';

/*
 * eˣ and functions of it, four lanes at once. x = n ln 2 + r with n whole and |r| ≤ ½ ln 2; ln 2 is split in two so
 * that r is exact to rounding (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980). Adding
 * 1.5·2²³ rounds to n and leaves it in the low bits; a bias added at the same time makes n the exponent of a factor.
 */
const ln2High = 0.693359375;
const ln2Low = -2.1219444005469057e-4;
const magic = 1.5 * 2 ** 23;
/** Coefficients of e^r: exact at 0, with a relative error of at most 3.6·10⁻⁹. */
const expSeries = [
  1, 1, 0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514,
  0.0013814540579915047,
];

/** The n and r of x. `power` is the float32 whose biased exponent is n + `bias`. */
function reduced(at: Site, x: Code, bias: number): { power: Code; r: Code } {
  const { simd } = at;
  const shift = number(at, magic + bias);
  const shifted = keep(at, simd.fma(x, number(at, Math.LOG2E), shift), 'shifted');
  const n = keep(at, sub(shifted, shift), 'n');
  const r = simd.nfma(n, number(at, ln2Low), simd.nfma(n, number(at, ln2High), x));
  return { power: keep(at, op('i32x4.shl', shifted, i32(23)), 'power'), r: keep(at, r, 'r') };
}

/**
 * eˣ within 1.3 ulp, for tiny results too; exact at 0, ±∞ and NaN. Set `isNotPositive` if x is known to be 0 or less.
 *
 * For n below −150 the factor 2ⁿ has exponent 0, so it is the number 0. A product of nonzero factors would be 0 too,
 * but a processor takes several times as long for a product that underflows.
 */
export function exp(at: Site, x: Code, isNotPositive = false): Code {
  // Beyond these limits the result is 0 or infinite anyway.
  const above = most(x, number(at, -105));
  if (isNotPositive) {
    const { power, r } = reduced(at, keep(at, above), 151);
    return keep(at, mul(scaledSeries(at, r, 127 - 151), power), 'exp');
  }
  const { power, r } = reduced(at, keep(at, least(above, number(at, 89))), 152);
  // 2ⁿ is split in two factors, so that neither overflows before the product and a tiny result is rounded once.
  const half = keep(at, and(op('i32x4.shr_u', power, i32(1)), integer(at, 0x7f800000)), 'half');
  const y = scaledSeries(at, r, 2 * 127 - 152);
  return keep(at, mul(mul(y, half), op('i32x4.sub', power, half)), 'exp');
}

/** 2ᵏ e^r */
function scaledSeries(at: Site, r: Code, k: number): Code {
  const coefficients = expSeries.map(c => c * 2 ** k);
  return inPairs(at, r, coefficients);
}

/** eˣ − 1 within 2 ulp: 2ⁿ(e^r − 1) + (2ⁿ − 1). */
export function expm1(at: Site, x: Code): Code {
  const { simd } = at;
  const bounded = keep(at, least(most(x, number(at, -30)), number(at, 89)));
  // Half of 2ⁿ, which is finite whenever the result is.
  const { power: half, r } = reduced(at, bounded, 126);
  const y = keep(at, simd.fma(mul(r, r), polynomial(at, r, expSeries.slice(2)), r), 'y');
  const result = simd.fma(y, half, sub(half, number(at, 0.5)));
  // For tiny x the result is x itself; the reduction to r would lose it.
  const isTiny = less(abs(x), number(at, 2 ** -40));
  return keep(at, simd.select(isTiny, x, add(result, result)), 'expm1');
}

const signBit = 0x80000000 | 0;

/** tanh x within 2 ulp: near 0 by the polynomial of S. L. Moshier's Cephes library, 1989, else 1 − 2/(e^2|x| + 1). */
export function tanh(at: Site, x: Code): Code {
  const { simd } = at;
  const size = keep(at, abs(x), 'size');
  const z = keep(at, mul(x, x), 'z');
  const tail = polynomial(
    at,
    z,
    [-0.333332819422, 0.133314422036, -0.0537397155531, 0.0206390887954, -0.00570498872745],
  );
  const near = simd.fma(mul(tail, z), x, x);
  const e = exp(at, keep(at, add(size, size)));
  const one = number(at, 1);
  const far = sub(one, div(number(at, 2), add(e, one)));
  const either = simd.select(less(size, number(at, 0.625)), near, far);
  // `near` has the sign of x already, except at −0.
  return keep(at, or(either, and(x, integer(at, signBit))), 'tanh');
}
