import { nearErf, scaledErfc } from '../../float32-fits.ts';
import { type Code, op } from '../emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  integer,
  keep,
  least,
  less,
  mul,
  number,
  polynomial,
  type Site,
  sub,
} from './arithmetic.ts';
import { exp } from './exponentials.ts';

/** The argument beyond which erfc is 0 in float32. */
const end = 10.1;

/** erfc of a number from 0 up; the result for NaN is arbitrary. */
function ofSize(at: Site, size: Code): Code {
  const { simd } = at;
  const x = keep(at, least(size, number(at, end)), 'x');
  const two = number(at, 2);
  const q = keep(at, div(sub(x, two), add(x, two)), 'q');
  const p = polynomial(at, q, scaledErfc);
  // x² and its rounding error; the upper 12 bits of x have an exact square.
  const high = keep(at, and(x, integer(at, 0xfffff000 | 0)), 'high');
  const low = keep(at, sub(x, high), 'low');
  const square = keep(at, mul(x, x), 'square');
  const lost = add(sub(mul(high, high), square), mul(low, add(x, high)));
  const e = exp(at, op('v128.xor', square, number(at, -0)), true);
  const scale = simd.nfma(e, lost, e);
  return keep(at, mul(scale, div(p, add(number(at, 1), add(x, x)))), 'tail');
}

/** erfc x within 5 ulp, in the tail too: exp(−x²) times a polynomial, and 2 − erfc(−x) below 0. */
export function erfc(at: Site, x: Code): Code {
  const { simd } = at;
  const right = ofSize(at, keep(at, abs(x), 'size'));
  const either = simd.select(less(x, number(at, 0)), sub(number(at, 2), right), right);
  return keep(at, simd.select(op('f32x4.eq', x, x), either, x), 'erfc');
}

/** erf x within 3 ulp: by its series near 0, else 1 − erfc |x|. */
export function erf(at: Site, x: Code): Code {
  const { simd } = at;
  const size = keep(at, abs(x), 'size');
  const near = mul(x, polynomial(at, keep(at, mul(x, x), 'z'), nearErf));
  const far = op('v128.or', sub(number(at, 1), ofSize(at, size)), and(x, number(at, -0)));
  const either = simd.select(less(size, number(at, 0.9)), near, far);
  return keep(at, simd.select(op('f32x4.eq', x, x), either, x), 'erf');
}
