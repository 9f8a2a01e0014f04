import { type Code, i32, op } from '../emit/code.ts';
import {
  add,
  and,
  div,
  integer,
  keep,
  less,
  mul,
  number,
  or,
  polynomial,
  type Site,
  sub,
} from './arithmetic.ts';

/*
 * Logarithms, four lanes at once. x is split into 2ᵏ(1 + f) with 1 + f between √½ and √2. Then s = f/(2 + f) and
 * ln(1 + f) = f − f²/2 + s(f²/2 + R(s²)), where R is the polynomial of FreeBSD's e_logf.c (Sun Microsystems, 1993). The
 * error is less than 1 ulp.
 */

/** The bits of √½ as a float32. */
const rootHalf = 0x3f3504f3;
/** The bits of 1 as a float32. */
const bitsOfOne = 0x3f800000;
/** ln 2 is the sum of two numbers. The first has 17 bits, so that its multiples up to 2⁷ are exact. */
const ln2High = 0.69313812256;
const ln2Low = 9.0580006145e-6;
const tail = [0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841];

/** Splits x into k and f. x must be positive, and neither subnormal nor infinite. */
function split(at: Site, x: Code): { k: Code; f: Code } {
  const shifted = keep(at, op('i32x4.add', x, integer(at, bitsOfOne - rootHalf)), 'shifted');
  const k = op('i32x4.sub', op('i32x4.shr_s', shifted, i32(23)), integer(at, 127));
  const mantissa = op('i32x4.add', and(shifted, integer(at, 0x7fffff)), integer(at, rootHalf));
  return {
    k: keep(at, op('f32x4.convert_i32x4_s', k), 'k'),
    f: keep(at, sub(mantissa, number(at, 1)), 'f'),
  };
}

/** k ln 2 + ln(1 + f) */
function logOfParts(at: Site, k: Code, f: Code): Code {
  const { simd } = at;
  const s = keep(at, div(f, add(number(at, 2), f)), 's');
  const z = keep(at, mul(s, s), 'z');
  const half = keep(at, mul(mul(f, f), number(at, 0.5)), 'half');
  const small = simd.fma(s, simd.fma(z, polynomial(at, z, tail), half), mul(k, number(at, ln2Low)));
  return simd.fma(k, number(at, ln2High), add(sub(small, half), f));
}

/** ln x within 1 ulp; −∞ at 0, NaN for negative x, ∞ at ∞. */
export function log(at: Site, x: Code): Code {
  const { f, simd } = at;
  const parts = split(at, x);
  const result = f.local('v128', 'log');
  f.set(result, logOfParts(at, parts.k, parts.f));
  // Zero, negative, subnormal and infinite numbers and NaN are rare, so they are handled in a branch.
  // x is positive and normal if its bits, minus the bits of the smallest normal number, are below 0x7f000000 as an
  // unsigned number. Flipping the sign bit on both sides makes this a comparison of signed numbers.
  const smallestNormal = 0x800000;
  const difference = op('i32x4.sub', x, integer(at, smallestNormal));
  const isNormal = keep(
    at,
    op(
      'i32x4.lt_s',
      op('v128.xor', difference, integer(at, 0x80000000 | 0)),
      integer(at, (0x7f000000 ^ 0x80000000) | 0),
    ),
    'normal',
  );
  f.if(op('v128.any_true', op('v128.not', isNormal)), () => {
    // A subnormal number is made normal by a factor of 2²³.
    const scaled = split(at, keep(at, mul(x, number(at, 2 ** 23))));
    const logOfTiny = logOfParts(at, keep(at, sub(scaled.k, number(at, 23)), 'k'), scaled.f);
    const get: Code = { kind: 'get', local: result };
    const isTiny = less(x, number(at, 2 ** -126));
    let fixed = simd.select(isTiny, logOfTiny, get);
    fixed = simd.select(op('f32x4.eq', x, number(at, Infinity)), x, fixed);
    fixed = simd.select(op('f32x4.eq', x, number(at, 0)), number(at, -Infinity), fixed);
    f.set(result, simd.select(op('f32x4.ge', x, number(at, 0)), fixed, number(at, Number.NaN)));
  });
  return { kind: 'get', local: result };
}

/**
 * ln(1 + x) within 3 ulp; −∞ at −1, NaN for x below −1. For 1 + x between √½ and √2, k is 0 and f is x itself.
 * Elsewhere the logarithm is so large that rounding 1 + x costs no more than half an ulp.
 */
export function log1p(at: Site, x: Code): Code {
  const { f, simd } = at;
  const { k, f: roundedF } = split(at, keep(at, add(number(at, 1), x), 'u'));
  const isNear = op('f32x4.eq', k, number(at, 0));
  const result = f.local('v128', 'log1p');
  f.set(result, logOfParts(at, k, keep(at, simd.select(isNear, x, roundedF), 'f')));
  const isPlain = keep(at, and(less(number(at, -1), x), less(x, number(at, Infinity))), 'isPlain');
  f.if(op('v128.any_true', op('v128.not', isPlain)), () => {
    const atEnd = op('f32x4.eq', x, number(at, -1));
    const ends = simd.select(atEnd, number(at, -Infinity), number(at, Number.NaN));
    const special = simd.select(op('f32x4.eq', x, number(at, Infinity)), x, ends);
    f.set(result, simd.select(isPlain, { kind: 'get', local: result }, special));
  });
  // The result at −0 is −0; everywhere else it has the sign of x already.
  return keep(at, or({ kind: 'get', local: result }, and(x, number(at, -0))), 'log1p');
}

/**
 * ln(1 + e) within 2 ulp for e from 0 to 1, as in softplus: 2 artanh s with s = e/(2 + e),
 * by a polynomial in s² fitted up to s² = 1/9.
 */
export function log1pOfFraction(at: Site, e: Code): Code {
  const s = keep(at, div(e, add(number(at, 2), e)), 's');
  const z = keep(at, mul(s, s), 'z');
  const series = polynomial(at, z, [0.33333208, 0.20010769, 0.1400081, 0.1400644]);
  const twice = keep(at, add(s, s), 'twice');
  return keep(at, at.simd.fma(mul(twice, z), series, twice), 'log1p');
}
