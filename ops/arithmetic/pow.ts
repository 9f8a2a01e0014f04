import { equal } from '../elementwise/equal.ts';
import { log } from '../elementwise/log.ts';
import { where } from '../elementwise/where.ts';
import { defineOp, map, type Operand, type Value } from '../op.ts';
import { mul } from './mul.ts';
import { scaled } from './scaled.ts';
import { sub } from './sub.ts';
import { zeroWins } from './zeroWins.ts';

/**
 * a to the power b, elementwise. A literal exponent is part of the tape's structure; the base may then be negative
 * where the exponent is whole.
 *
 *     d(aᵇ) = b·aᵇ⁻¹·da + aᵇ·ln a·db
 *
 * Where b = 0 the derivative by a is 0, at a = 0 too; where aᵇ = 0 the derivative by b is 0.
 */
export function pow(a: Operand, b: Operand): Value {
  return typeof b === 'number' && typeof a !== 'number' ? powLiteral(a, b) : powOp(a, b);
}

const powOp = defineOp({
  name: 'pow',
  forward: map((s, a, b) => s.pow(a, b)),
  vjp: [
    // 0·a⁻¹ would be NaN at a = 0.
    (g, _ans, a, b) => scaled(g, zeroWins(b, pow(a, sub(b, 1)))),
    (g, ans, a) => {
      const isZero = equal(ans, 0);
      return scaled(g, where(isZero, 0, mul(ans, log(where(isZero, 1, a)))));
    },
  ],
});

function powLiteral(a: Value, exponent: number): Value {
  const op = defineOp({
    name: 'pow',
    forward: map((s, x) => s.pow(x, s.constant(exponent))),
    vjp: [exponent === 0 ? null : (g, _ans, x) => scaled(g, mul(exponent, pow(x, exponent - 1)))],
  });
  return op(a);
}
