import { type Code, i32, op } from '../emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  keep,
  larger,
  less,
  mul,
  number,
  polynomial,
  type Site,
  smaller,
  sub,
} from './arithmetic.ts';

/**
 * Coefficients cᵢ of arctan t = t + t³ (c₀ + c₁t² + …) for |t| up to tan(π/8), from S. L. Moshier's Cephes library,
 * 1989.
 */
const tail = [-3.33329491539e-1, 1.99777106478e-1, -1.38776856032e-1, 8.05374449538e-2];
const tanOfEighthPi = Math.tan(Math.PI / 8);

/** Splits a number into the nearest float32 and the remainder. */
const split = (value: number) => [Math.fround(value), value - Math.fround(value)] as const;
const [quarterPi, quarterPiLow] = split(Math.PI / 4);
const [halfPi, halfPiLow] = split(Math.PI / 2);
const [pi, piLow] = split(Math.PI);

/**
 * The angle of the point (x, y) within 3 ulp: the arc tangent of the smaller of |x| and |y| over the larger, moved
 * to the quadrant of the point. As in JavaScript, −0 and 0 differ, and two infinities give an odd multiple of π/4.
 */
export function atan2(at: Site, y: Code, x: Code): Code {
  const { simd } = at;
  const [height, width] = [keep(at, abs(y), 'height'), keep(at, abs(x), 'width')];
  const [short, long] = [keep(at, smaller(width, height), 'short'), keep(at, larger(width, height), 'long')];
  const zero = number(at, 0);
  const isOrigin = op('f32x4.eq', long, zero);
  const isCorner = op('f32x4.eq', short, number(at, Infinity));
  const one = number(at, 1);
  const t = keep(at, simd.select(isCorner, one, simd.select(isOrigin, zero, div(short, long))), 't');
  const isSteep = keep(at, less(number(at, tanOfEighthPi), t), 'isSteep');
  // If t is steep, the arc tangent is taken of u = (t − 1)/(t + 1), since arctan t = π/4 + arctan u. If not, u is t
  // itself.
  const u = keep(at, simd.select(isSteep, div(sub(t, one), add(t, one)), t), 'u');
  const z = keep(at, mul(u, u), 'z');
  const near = simd.fma(mul(u, z), polynomial(at, z, tail), u);
  const low = and(isSteep, number(at, quarterPiLow));
  const angle = keep(at, add(and(isSteep, number(at, quarterPi)), add(near, low)), 'angle');
  // The result is a base plus or minus `angle`. The base is the nearest direction of an axis: π/2 if the point is
  // closer to the vertical axis, otherwise 0 on the right and π on the left. The sign of y is set afterwards.
  const isHigh = keep(at, less(width, height), 'isHigh');
  const isLeft = keep(at, op('i32x4.shr_s', x, i32(31)), 'isLeft');
  const isTurned = op('v128.xor', isHigh, isLeft);
  const turned = op('v128.xor', angle, and(isTurned, number(at, -0)));
  const base = (vertical: number, left: number) =>
    simd.select(isHigh, number(at, vertical), and(isLeft, number(at, left)));
  const result = add(base(halfPi, pi), add(turned, base(halfPiLow, piLow)));
  const signed = op('v128.xor', result, and(y, number(at, -0)));
  const isNumber = and(op('f32x4.eq', x, x), op('f32x4.eq', y, y));
  return keep(at, simd.select(isNumber, signed, number(at, Number.NaN)), 'atan2');
}
