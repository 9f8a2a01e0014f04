import { equal } from '../elementwise/equal.ts';
import { log } from '../elementwise/log.ts';
import { where } from '../elementwise/where.ts';
import { type Binary, defineOp, map, type Operand, type Unary, type Value } from '../op.ts';
import { mul } from './mul.ts';
import { scaled } from './scaled.ts';
import { sub } from './sub.ts';
import { zeroWins } from './zeroWins.ts';

/**
 * a to the power b, elementwise; a negative base needs a whole exponent.
 *
 *     d(aᵇ) = b·aᵇ⁻¹·da + aᵇ·ln a·db
 *
 * The derivative with respect to a is 0 if b = 0, even at a = 0. It is also 0 at a = 0 for exponents between 0 and 1,
 * although the slope is infinite there; `sqrt` does the same. The derivative with respect to b is 0 if aᵇ = 0.
 *
 * Literal exponents that are whole numbers from −16 to 16 or multiples of ½ from −4 to 4 are part of the tape's
 * structure, so each has a plan of its own. Other literal exponents are data, so tapes that differ only in them share one
 * plan.
 */
export function pow(a: Operand, b: Operand): Value {
  if (typeof b !== 'number' || typeof a === 'number') return powOp(a, b);
  const fixed = fixedPowers.get(b);
  return fixed ? fixed(a) : powOfLiteral(a, b);
}

const powOp: Binary = defineOp({
  name: 'pow',
  forward: map((s, a, b) => s.pow(a, b)),
  vjp: [
    (g, _ans, a, b) => scaled(g, slope(powOp, a, b)),
    (g, ans, a) => {
      const isZero = equal(ans, 0);
      return scaled(g, where(isZero, 0, mul(ans, log(where(isZero, 1, a)))));
    },
  ],
});

/** {@link powOp} for a literal exponent, which needs no derivative. */
const powOfLiteral: Binary = defineOp({
  name: 'pow',
  forward: map((s, a, b) => s.pow(a, b)),
  vjp: [(g, _ans, a, b) => scaled(g, slope(powOfLiteral, a, b)), null],
});

/**
 * b·aᵇ⁻¹, with two exceptions. It is 0 if b = 0, since 0·a⁻¹ would be NaN at a = 0. It is also 0 at a = 0 for b between
 * 0 and 1, instead of ∞.
 */
function slope(power: Binary, a: Value, b: Value): Value {
  return zeroWins(b, where(isVertical(a, b), 0, power(a, sub(b, 1))));
}

/** 1 where a = 0 and 0 < b < 1. */
const isVertical: Binary = defineOp({
  name: 'isVertical',
  forward: map((s, a, b) => {
    const [zero, one] = [s.constant(0), s.constant(1)];
    return s.select(s.equal(a, zero), s.select(s.less(zero, b), s.less(b, one), zero), zero);
  }),
  vjp: [null, null],
});

/** Common exponents, each with its own op: whole numbers from −16 to 16, and multiples of ½ between −4 and 4. */
const fixedPowers: ReadonlyMap<number, Unary> = new Map(
  Array.from({ length: 65 }, (_, i) => i / 2 - 16)
    .filter(exponent => Number.isInteger(exponent) || Math.abs(exponent) < 4)
    .map(exponent => [exponent, fixedPower(exponent)]),
);

function fixedPower(exponent: number): Unary {
  const isVerticalAt0 = exponent > 0 && exponent < 1;
  const byBase = (x: Value) => mul(exponent, pow(x, exponent - 1));
  return defineOp({
    name: 'pow',
    forward: map((s, x) => s.pow(x, s.constant(exponent))),
    vjp: [
      exponent === 0
        ? null
        : (g, _ans, x) => scaled(g, isVerticalAt0 ? where(equal(x, 0), 0, byBase(x)) : byBase(x)),
    ],
  });
}
