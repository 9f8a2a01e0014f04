import type { Value } from '../op.ts';
import { equal } from './equal.ts';
import { where } from './where.ts';

/** The share of the cotangent that an operand receives: ½ if the operands are equal, else `wins`, which is 1 or 0. */
export function share(wins: Value, a: Value, b: Value): Value {
  return where(equal(a, b), 0.5, wins);
}
