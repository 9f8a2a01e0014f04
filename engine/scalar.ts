import type { SpecialFunction } from './special.ts';

/**
 * The algebra of elementwise expressions.
 *
 * If T is number, an expression computes a number. If T is a syntax tree, it builds a tree, from which an executor
 * generates the source of a fused loop. The set of operations is closed: an executor that can generate source for all
 * of them can do so for every op, users' ops included. A condition is the number 1 or 0.
 */
export interface Scalar<T> {
  /** A number. */
  constant(value: number): T;
  /** a + b. */
  add(a: T, b: T): T;
  /** a − b. */
  sub(a: T, b: T): T;
  /** a·b. */
  mul(a: T, b: T): T;
  /** a/b. */
  div(a: T, b: T): T;
  /** −a. */
  neg(a: T): T;
  /** |a|. */
  abs(a: T): T;
  /** The sign of a: −1, 0 or 1. */
  sign(a: T): T;
  /** The largest whole number that is not above a. */
  floor(a: T): T;
  /** eᵃ. */
  exp(a: T): T;
  /** exp(a) − 1 without cancellation at small a. */
  expm1(a: T): T;
  /** ln a. */
  log(a: T): T;
  /** ln(1 + a) without cancellation at small a. */
  log1p(a: T): T;
  /** √a. */
  sqrt(a: T): T;
  /** aᵇ. */
  pow(a: T, b: T): T;
  /** The sine of a, in radians. */
  sin(a: T): T;
  /** The cosine of a, in radians. */
  cos(a: T): T;
  /** The hyperbolic tangent of a. */
  tanh(a: T): T;
  /** The angle of the point (x, y) in radians, from −π to π. Like `Math.atan2` it distinguishes −0 from 0. */
  atan2(y: T, x: T): T;
  /**
   * The function f of a, where f is `errorFunction` or `errorFunctionComplement`. These are passed as arguments so that
   * a bundle includes their code only if it uses them.
   */
  special(f: SpecialFunction, a: T): T;
  /** The smaller of a and b; NaN if either is NaN. */
  min(a: T, b: T): T;
  /** The larger of a and b; NaN if either is NaN. */
  max(a: T, b: T): T;
  /** 1 if a < b, else 0. */
  less(a: T, b: T): T;
  /** 1 if a = b, else 0. */
  equal(a: T, b: T): T;
  /** `yes` if the condition is not 0, else `no`. The one that is not selected may be NaN without any effect. */
  select(condition: T, yes: T, no: T): T;
}

/** An elementwise expression, which works in any algebra. */
export type Expression = <T>(s: Scalar<T>, ...inputs: T[]) => T;

/** The algebra in which expressions compute numbers. */
export const numbers: Scalar<number> = {
  constant: value => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: a => -a,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  pow: (a, b) => a ** b,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  atan2: Math.atan2,
  special: (f, a) => f.of(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  less: (a, b) => (a < b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  select: (condition, yes, no) => (condition !== 0 ? yes : no),
};
