import { type Code, extract, i32, op } from '../emit/code.ts';
import {
  abs,
  and,
  double,
  inDoubles,
  integer,
  keep,
  less,
  number,
  or,
  pattern,
  polynomial64,
  type Site,
} from './arithmetic.ts';

// Functions whose intermediate results need more digits than float32 has. They compute two lanes at a time in float64.

const add = (a: Code, b: Code) => op('f64x2.add', a, b);
const sub = (a: Code, b: Code) => op('f64x2.sub', a, b);
const mul = (a: Code, b: Code) => op('f64x2.mul', a, b);
/** Adding this number to a float64 rounds it to a whole number, which is then in the low bits of the sum. */
const magic = 1.5 * 2 ** 52;

// Coefficients of the series of sin r and cos r for |r| ≤ ¼π. Their error is 2⁻³⁷, far less than 1 ulp of float32.
const sine = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800];
const cosine = [-0.5, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600];
/** ½π as a sum of two numbers. The first has 33 bits, so that its multiples up to 2²⁰ are exact. */
const halfPi = [1.5707963267341256, 6.077100506506192e-11] as const;

/**
 * sin x or cos x within 1 ulp. If a lane is not below 2²⁰ in size, JavaScript's function computes all lanes instead.
 */
export function sinOrCos(at: Site, which: 'sin' | 'cos', x: Code): Code {
  const { f } = at;
  const result = f.local('v128', which);
  const isSmall = less(abs(x), number(at, 2 ** 20));
  const compute = (wide: Code) => {
    // x = ½π n + r
    const shifted = keep(at, add(mul(wide, double(at, 2 / Math.PI)), double(at, magic)), 'shifted');
    const n = keep(at, sub(shifted, double(at, magic)), 'n');
    const r = keep(at, sub(sub(wide, mul(n, double(at, halfPi[0]))), mul(n, double(at, halfPi[1]))), 'r');
    const z = keep(at, mul(r, r), 'z');
    const s = add(r, mul(mul(r, z), polynomial64(at, z, sine)));
    const c = add(double(at, 1), mul(z, polynomial64(at, z, cosine)));
    // The low bits of `shifted` are n. The cosine is the sine one quadrant further on. Bit 0 of the quadrant selects
    // the series, and bit 1 is the sign.
    const quadrant = keep(
      at,
      which === 'sin' ? shifted : op('i64x2.add', shifted, pattern(at, 0, 1)),
      'quadrant',
    );
    const isOdd = op('f64x2.ne', and(quadrant, pattern(at, 0, 1)), double(at, 0));
    const sign = and(op('i64x2.shl', quadrant, i32(62)), pattern(at, 0x80000000 | 0));
    return op('v128.xor', op('v128.bitselect', c, s, isOdd), sign);
  };
  f.set(result, inDoubles(at, [x], compute));
  f.if(op('v128.any_true', op('v128.not', isSmall)), () => {
    const get: Code = { kind: 'get', local: result };
    for (let lane = 0; lane < 4; lane++) {
      const one = op('f64.promote_f32', extract('f32x4.extract_lane', lane, x));
      const called = op('f32.demote_f64', { kind: 'call', name: which, args: [one] });
      f.set(result, { kind: 'lane', op: 'f32x4.replace_lane', lane, args: [get, called] });
    }
  });
  const computed: Code = { kind: 'get', local: result };
  if (which === 'cos') return computed;
  // The result at −0 is −0.
  return keep(at, or(computed, and(op('f32x4.eq', x, number(at, 0)), x)), which);
}

/** Coefficients cᵢ = 2/((2i + 1) ln 2) of log₂((1 + s)/(1 − s)) = s Σ cᵢ s²ⁱ. */
const log2Tail = Array.from({ length: 8 }, (_, i) => 2 / ((2 * i + 1) * Math.LN2));
/** Coefficients (ln 2)ⁱ/i! of the series of 2^t, for |t| ≤ ½. */
const exp2Series = Array.from({ length: 9 }, (_, i) => i).map(i =>
  Array.from({ length: i }, (_, k) => Math.LN2 / (k + 1)).reduce((a, b) => a * b, 1),
);
/** The upper 32 bits of √½ as a float64. */
const rootHalfHigh = 0x3fe6a09e;
/** The upper 32 bits of 1 as a float64. */
const oneHigh = 0x3ff00000;

/**
 * x to the power y within 1 ulp, by 2^(y log₂|x|) in float64. As in JavaScript, the power is 1 if y is 0, NaN for
 * finite negative x unless y is whole, and NaN for (±1)^±∞.
 */
export function pow(at: Site, x: Code, y: Code): Code {
  const { simd } = at;
  const size = keep(at, abs(x), 'size');
  const power = inDoubles(at, [size, y], (wide, exponent) => {
    // |x| = 2ᵏ · mantissa, with the mantissa between √½ and √2. The upper 12 bits of `shifted` are k + 1023. Placed in
    // the low bits of 2⁵², they make the float64 number 2⁵² + 1023 + k.
    const shifted = keep(at, op('i64x2.add', wide as Code, pattern(at, oneHigh - rootHalfHigh)), 'shifted');
    const biased = or(op('i64x2.shr_u', shifted, i32(52)), pattern(at, 0x43300000));
    const k = sub(biased, double(at, 2 ** 52 + 1023));
    const mantissa = op('i64x2.add', and(shifted, pattern(at, 0xfffff, -1)), pattern(at, rootHalfHigh));
    const g = keep(at, sub(mantissa, double(at, 1)), 'g');
    const s = keep(at, op('f64x2.div', g, add(double(at, 2), g)), 's');
    const logOfMantissa = mul(s, polynomial64(at, keep(at, mul(s, s), 'z'), log2Tail));
    const finite = add(k, logOfMantissa);
    const isZero = op('f64x2.eq', wide as Code, double(at, 0));
    const isBelowInfinity = op('f64x2.lt', wide as Code, double(at, Infinity));
    const belowInfinity = op('v128.bitselect', double(at, -Infinity), finite, isZero);
    // ∞ and NaN stay unchanged.
    const log2 = op('v128.bitselect', belowInfinity, wide as Code, isBelowInfinity);
    const t = mul(exponent as Code, log2);
    // Beyond ±300, 2^t is 0 or infinite in float32 anyway.
    const bounded = keep(at, op('f64x2.pmin', op('f64x2.pmax', t, double(at, -300)), double(at, 300)), 't');
    const rounded = keep(at, add(bounded, double(at, magic)), 'rounded');
    const fraction = keep(at, sub(bounded, sub(rounded, double(at, magic))), 'fraction');
    const scale = op('i64x2.add', op('i64x2.shl', rounded, i32(52)), pattern(at, oneHigh));
    return mul(polynomial64(at, fraction, exp2Series), scale);
  });
  const floor = (a: Code) => op('f32x4.floor', a);
  const zero = number(at, 0);
  const half = keep(at, op('f32x4.mul', y, number(at, 0.5)), 'half');
  const isInteger = keep(at, op('f32x4.eq', floor(y), y), 'isInteger');
  const isOdd = op('v128.andnot', isInteger, op('f32x4.eq', floor(half), half));
  const signed = or(power, and(and(x, integer(at, 0x80000000 | 0)), isOdd));
  const isNegative = and(less(x, zero), less(number(at, -Infinity), x));
  const isUndefined = op('v128.andnot', isNegative, isInteger);
  const checked = simd.select(isUndefined, number(at, Number.NaN), signed);
  return keep(at, simd.select(op('f32x4.eq', y, zero), number(at, 1), checked), 'pow');
}
