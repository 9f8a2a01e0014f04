import { type Code, i32, op } from '../emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  integer,
  keep,
  least,
  less,
  most,
  mul,
  number,
  or,
  type Place,
  polynomial,
  sub,
} from './arithmetic.ts';

/*
 * eˣ and what is made of it, four lanes at once. x = n ln 2 + r with n whole and |r| ≤ ½ ln 2, and ln 2 in two parts so
 * that r is exact to rounding (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980); e^r by the
 * polynomial of S. L. Moshier's Cephes library, 1989. n comes about by adding 1.5·2²³, which leaves it in the low bits.
 */
const ln2High = 0.693359375;
const ln2Low = -2.1219444005469057e-4;
const magic = 1.5 * 2 ** 23;
const exponentOne = 0x3f800000;
/** (e^r − 1 − r)/r² */
const expTail = [
  0.5000000120117331, 0.16666665459386, 0.041665795894, 0.0083334519073, 0.0013981999507, 1.98756915e-4,
];

/** n and r of x, n as the bits of 2ⁿ over those of 1. */
function reduced(at: Place, x: Code): { power: Code; r: Code } {
  const { target } = at;
  const shifted = keep(at, target.fma(x, number(at, Math.LOG2E), number(at, magic)), 'shifted');
  const n = keep(at, sub(shifted, number(at, magic)), 'n');
  const r = target.nfma(n, number(at, ln2Low), target.nfma(n, number(at, ln2High), x));
  return { power: keep(at, op('i32x4.shl', shifted, i32(23)), 'power'), r: keep(at, r, 'r') };
}

/** y·2ⁿ in two steps, so that neither overflows before the product does, and it is rounded once where it is tiny. */
function scaledByPower(at: Place, y: Code, power: Code): Code {
  const one = integer(at, exponentOne);
  const half = keep(at, and(op('i32x4.shr_s', power, i32(1)), integer(at, 0xff800000 | 0)), 'half');
  const rest = op('i32x4.add', op('i32x4.sub', power, half), one);
  return mul(mul(y, op('i32x4.add', half, one)), rest);
}

/** (e^r − 1 − r)/r²; in halves that do not wait for each other where a multiplication and an addition are two steps. */
function exponentialTail(at: Place, r: Code): Code {
  const { isRelaxed, fma } = at.target;
  if (isRelaxed) return polynomial(at, r, expTail);
  const square = keep(at, mul(r, r), 'square');
  const low = fma(polynomial(at, r, expTail.slice(2, 4)), square, polynomial(at, r, expTail.slice(0, 2)));
  return fma(polynomial(at, r, expTail.slice(4)), keep(at, mul(square, square)), low);
}

/** eˣ within 1.1 ulp, exact at 0, ±∞ and NaN; tiny results too. `isNegative`: x is known to be 0 or less. */
export function exp(at: Place, x: Code, isNegative = false): Code {
  // Beyond these, the result is 0 or infinite all the same.
  const above = most(x, number(at, -104));
  const { power, r } = reduced(at, keep(at, isNegative ? above : least(above, number(at, 89))));
  const y = add(at.target.fma(mul(r, r), exponentialTail(at, r), r), number(at, 1));
  if (!isNegative) return keep(at, scaledByPower(at, y, power), 'exp');
  // n goes from −150 to 0: 2ⁿ⁺⁶⁴ is a normal number.
  const raised = op('i32x4.add', power, integer(at, exponentOne + 64 * 0x800000));
  return keep(at, mul(mul(y, raised), number(at, 2 ** -64)), 'exp');
}

/** eˣ − 1 within 2 ulp: 2ⁿ(e^r − 1) + (2ⁿ − 1). */
export function expm1(at: Place, x: Code): Code {
  const { target } = at;
  const { power, r } = reduced(at, keep(at, least(most(x, number(at, -30)), number(at, 89))));
  const y = keep(at, target.fma(mul(r, r), polynomial(at, r, expTail), r), 'y');
  // Half of 2ⁿ, which is finite where the result is.
  const half = keep(at, op('i32x4.add', power, integer(at, exponentOne - 0x800000)), 'half');
  const result = target.fma(y, half, sub(half, number(at, 0.5)));
  // Of the smallest x, which r would lose, nothing but x remains.
  const isTiny = less(abs(x), number(at, 2 ** -40));
  return keep(at, target.select(isTiny, x, add(result, result)), 'expm1');
}

const signBit = 0x80000000 | 0;

/** tanh x within 2 ulp: Cephes' polynomial near 0, else 1 − 2/(e^2|x| + 1). */
export function tanh(at: Place, x: Code): Code {
  const { target } = at;
  const size = keep(at, abs(x), 'size');
  const z = keep(at, mul(x, x), 'z');
  const tail = polynomial(
    at,
    z,
    [-0.333332819422, 0.133314422036, -0.0537397155531, 0.0206390887954, -0.00570498872745],
  );
  const near = target.fma(mul(tail, z), x, x);
  const e = exp(at, keep(at, add(size, size)));
  const one = number(at, 1);
  const far = sub(one, div(number(at, 2), add(e, one)));
  const signed = or(far, and(x, integer(at, signBit)));
  return keep(at, target.select(less(size, number(at, 0.625)), near, signed), 'tanh');
}
