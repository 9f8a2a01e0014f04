import { nearErf, scaledErfc } from '../../float32-fits.ts';
import { type Code, op } from '../emit/code.ts';
import {
  abs,
  add,
  and,
  div,
  integer,
  keep,
  less,
  mul,
  number,
  polynomial,
  type Site,
  smaller,
  sub,
} from './arithmetic.ts';
import { expOfNonPositive } from './exponentials.ts';

/** The argument from which erfc is 0 in float32, rounded up. It is the end of the range of {@link scaledErfc}. */
const end = 10.1;
/** The end of the range of {@link nearErf}. */
const nearEnd = 0.9;

/** erfc of a number that is 0 or greater; arbitrary for NaN. */
function erfcOfSize(at: Site, size: Code): Code {
  const { simd } = at;
  const x = keep(at, smaller(size, number(at, end)), 'x');
  const two = number(at, 2);
  const q = keep(at, div(sub(x, two), add(x, two)), 'q');
  const p = polynomial(at, q, scaledErfc);
  // `lost` is x² minus the rounded `square`. `high` holds the upper 12 bits of x, so its square is exact.
  const high = keep(at, and(x, integer(at, 0xfffff000 | 0)), 'high');
  const low = keep(at, sub(x, high), 'low');
  const square = keep(at, mul(x, x), 'square');
  const lost = add(sub(mul(high, high), square), mul(low, add(x, high)));
  const e = expOfNonPositive(at, op('v128.xor', square, number(at, -0)));
  // exp(−x²) = e · exp(−lost), and exp(−lost) is 1 − lost to rounding.
  const scale = simd.nfma(e, lost, e);
  return keep(at, mul(scale, div(p, add(number(at, 1), add(x, x)))), 'tail');
}

/**
 * erfc x with an error of at most 5 ulp, in the tail too. For x ≥ 0 it is exp(−x²) times a rational function; for x < 0
 * it is 2 − erfc(−x).
 */
export function erfc(at: Site, x: Code): Code {
  const { simd } = at;
  const right = erfcOfSize(at, keep(at, abs(x), 'size'));
  const either = simd.select(less(x, number(at, 0)), sub(number(at, 2), right), right);
  return keep(at, simd.select(op('f32x4.eq', x, x), either, x), 'erfc');
}

/** erf x with an error of at most 3 ulp. Near 0 it is a polynomial, elsewhere sign(x) · (1 − erfc |x|). */
export function erf(at: Site, x: Code): Code {
  const { simd } = at;
  const size = keep(at, abs(x), 'size');
  const near = mul(x, polynomial(at, keep(at, mul(x, x), 'z'), nearErf));
  const far = op('v128.or', sub(number(at, 1), erfcOfSize(at, size)), and(x, number(at, -0)));
  const either = simd.select(less(size, number(at, nearEnd)), near, far);
  return keep(at, simd.select(op('f32x4.eq', x, x), either, x), 'erf');
}
