import { type Code, i32, op } from '../emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  integer,
  keep,
  larger,
  less,
  mul,
  number,
  or,
  polynomial,
  polynomialInPairs,
  type Site,
  smaller,
  sub,
} from './arithmetic.ts';

/*
 * eˣ and functions of eˣ, four lanes at once. x is split into n ln 2 + r with n whole and |r| ≤ ½ ln 2. ln 2 is the sum
 * of two constants, so that r has no error beyond rounding (W. J. Cody and W. Waite, Software Manual for the Elementary
 * Functions, 1980).
 *
 * Adding 1.5·2²³ to x / ln 2 rounds it to n, which is then in the low bits of the sum. With a bias added as well,
 * shifting these bits left by 23 gives the float32 number 2ⁿ times a constant.
 */
const ln2High = 0.693359375;
const ln2Low = -2.1219444005469057e-4;
const magic = 1.5 * 2 ** 23;
/** The biased exponent of the float32 number 1. */
const exponentOfOne = 127;
/** The bits of the exponent of a float32. */
const exponentField = 0x7f800000;
/** The argument from which eˣ is infinite in float32, rounded up. */
const largestArgument = 89;
/** Coefficients of a polynomial for e^r, which is exact at 0 and has a relative error of at most 3.6·10⁻⁹. */
const expSeries = [
  1, 1, 0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514,
  0.0013814540579915047,
];

/** Splits x. Returns r, and `power`: the float32 whose biased exponent is n + `bias`, so 2^(n + bias − 127). */
function split(at: Site, x: Code, bias: number): { power: Code; r: Code } {
  const { simd } = at;
  const shift = number(at, magic + bias);
  const shifted = keep(at, simd.fma(x, number(at, Math.LOG2E), shift), 'shifted');
  const n = keep(at, sub(shifted, shift), 'n');
  const r = simd.nfma(n, number(at, ln2Low), simd.nfma(n, number(at, ln2High), x));
  return { power: keep(at, op('i32x4.shl', shifted, i32(23)), 'power'), r: keep(at, r, 'r') };
}

/**
 * eˣ within 1.3 ulp, for tiny results too; exact at 0, ±∞ and NaN.
 *
 * For n = −151, the least possible n, the exponent field of the first factor is 0, so this factor is the number 0. A
 * nonzero factor would give the result 0 too, but a processor takes several times as long for a product that
 * underflows.
 */
export function exp(at: Site, x: Code): Code {
  // The n from −151 to 128 span more than the exponents of one float32, so 2ⁿ is the product of two factors. Their
  // exponent fields add up to n + bias, which takes nine bits in `power`, including its sign bit. With this bias, the
  // first field is 0 for n = −151. Neither factor overflows, and a tiny result is rounded only once.
  const bias = 152;
  const { power, r } = split(at, keep(at, smaller(clampedBelow(at, x), number(at, largestArgument))), bias);
  const firstFactor = keep(at, and(op('i32x4.shr_u', power, i32(1)), integer(at, exponentField)), 'half');
  const secondFactor = op('i32x4.sub', power, firstFactor);
  const y = scaledExp(at, r, 2 * exponentOfOne - bias);
  return keep(at, mul(mul(y, firstFactor), secondFactor), 'exp');
}

/** {@link exp} of an x that is never positive. Since n is then at most 0, 2ⁿ needs only one factor. */
export function expOfNonPositive(at: Site, x: Code): Code {
  // The exponent field is 0 for n = −151.
  const bias = 151;
  const { power, r } = split(at, keep(at, clampedBelow(at, x)), bias);
  return keep(at, mul(scaledExp(at, r, exponentOfOne - bias), power), 'exp');
}

/** The larger of x and −105. Below −105, eˣ is 0 in float32. */
const clampedBelow = (at: Site, x: Code): Code => larger(x, number(at, -105));

/** 2ᵏ e^r. The scale 2ᵏ undoes the bias of one factor if k is 127 − bias, and of two if k is 2·127 − bias. */
function scaledExp(at: Site, r: Code, k: number): Code {
  const coefficients = expSeries.map(c => c * 2 ** k);
  return polynomialInPairs(at, r, coefficients);
}

/** eˣ − 1 within 2 ulp: 2ⁿ(e^r − 1) + (2ⁿ − 1). */
export function expm1(at: Site, x: Code): Code {
  const { simd } = at;
  // Below −30 the result is −1 in float32.
  const bounded = keep(at, smaller(larger(x, number(at, -30)), number(at, largestArgument)));
  // `power` is half of 2ⁿ, which is finite whenever the result is.
  const { power, r } = split(at, bounded, exponentOfOne - 1);
  // e^r − 1
  const y = keep(at, simd.fma(mul(r, r), polynomial(at, r, expSeries.slice(2)), r), 'y');
  const result = simd.fma(y, power, sub(power, number(at, 0.5)));
  // For tiny x the result is x itself; splitting it would lose it.
  const isTiny = less(abs(x), number(at, 2 ** -40));
  return keep(at, simd.select(isTiny, x, add(result, result)), 'expm1');
}

const signBit = 0x80000000 | 0;

/**
 * tanh x within 2 ulp: near 0 by the polynomial of S. L. Moshier's Cephes library, 1989, else
 * sign(x) · (1 − 2/(e^(2|x|) + 1)).
 */
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
  // `far` is computed from |x|, so the sign bit of x is set here. This changes `near` only at −0.
  return keep(at, or(either, and(x, integer(at, signBit))), 'tanh');
}
