import type { Value } from '../op.ts';
import { equal } from './equal.ts';
import { where } from './where.ts';

/** The share of the cotangent for the operand chosen by `wins`: 1, or ½ if both are equal. */
export function share(wins: Value, a: Value, b: Value): Value {
  return where(equal(a, b), 0.5, wins);
}
