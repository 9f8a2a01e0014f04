import { type Code, doubles, type FunctionBuilder, floats, ints, op, shuffle } from '../emit/code.ts';
import type { Simd } from '../simd.ts';

/** The place for which code is written: the function under construction, and the vector operations to use. */
export interface Site {
  readonly f: FunctionBuilder;
  readonly simd: Simd;
}

export const add = (a: Code, b: Code): Code => op('f32x4.add', a, b);
export const sub = (a: Code, b: Code): Code => op('f32x4.sub', a, b);
export const mul = (a: Code, b: Code): Code => op('f32x4.mul', a, b);
export const div = (a: Code, b: Code): Code => op('f32x4.div', a, b);
export const abs = (a: Code): Code => op('f32x4.abs', a);
export const and = (a: Code, b: Code): Code => op('v128.and', a, b);
export const or = (a: Code, b: Code): Code => op('v128.or', a, b);
export const less = (a: Code, b: Code): Code => op('f32x4.lt', a, b);
/** The smaller of two numbers, and `a` if either is NaN. */
export const smaller = (a: Code, b: Code): Code => op('f32x4.pmin', a, b);
/** The larger of two numbers, and `a` if either is NaN. */
export const larger = (a: Code, b: Code): Code => op('f32x4.pmax', a, b);

/** A number in every lane. */
export const number = ({ f }: Site, value: number): Code => f.constant(floats(value));
/** An integer in every lane. */
export const integer = ({ f }: Site, value: number): Code => f.constant(ints(value, value, value, value));
/** A float64 in both halves. */
export const double = ({ f }: Site, value: number): Code => f.constant(doubles(value));
/** A 64-bit pattern, given by its upper and lower 32 bits, in both halves. */
export const pattern = ({ f }: Site, high: number, low = 0): Code => f.constant(ints(low, high, low, high));
/** Stores a vector in a new local, so that it can be used several times. `name` names the local. */
export const keep = ({ f }: Site, value: Code, name?: string): Code => f.let('v128', value, name);

/** The polynomial c₀ + x (c₁ + x (c₂ + …)) */
export function polynomial(at: Site, x: Code, coefficients: readonly number[]): Code {
  const [last, ...rest] = coefficients.toReversed() as [number, ...number[]];
  return rest.reduce<Code>((sum, c) => at.simd.fma(sum, x, number(at, c)), number(at, last));
}

/**
 * The polynomial computed as (c₀ + c₁x) + x² ((c₂ + c₃x) + …). This takes one more instruction than {@link polynomial},
 * but the longest chain of dependent instructions is half as long.
 */
export function polynomialInPairs(at: Site, x: Code, coefficients: readonly number[]): Code {
  const square = keep(at, mul(x, x), 'square');
  const pairs: Code[] = [];
  for (let i = 0; i < coefficients.length; i += 2)
    pairs.push(polynomial(at, x, coefficients.slice(i, i + 2)));
  return pairs.reduceRight((sum, pair) => at.simd.fma(sum, square, pair));
}

/** {@link polynomial} in float64. */
export function polynomial64(at: Site, x: Code, coefficients: readonly number[]): Code {
  const [last, ...rest] = coefficients.toReversed() as [number, ...number[]];
  return rest.reduce<Code>(
    (sum, c) => op('f64x2.add', op('f64x2.mul', sum, x), double(at, c)),
    double(at, last),
  );
}

/** Computes in float64: calls `compute` for the lower two lanes of each vector, then for the upper two. */
export function inDoubles(at: Site, xs: readonly Code[], compute: (...halves: Code[]) => Code): Code {
  const zero = integer(at, 0);
  const halves = [(x: Code) => x, (x: Code) => shuffle(x, x, [2, 3, 2, 3])].map(half => {
    const parts = xs.map(x => keep(at, op('f64x2.promote_low_f32x4', half(x)), 'wide'));
    return keep(at, op('f32x4.demote_f64x2_zero', compute(...parts)), 'half');
  });
  const [low = zero, high = zero] = halves;
  return keep(at, shuffle(low, high, [0, 1, 4, 5]));
}
