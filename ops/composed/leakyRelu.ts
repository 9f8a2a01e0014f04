import { mul } from '../arithmetic/mul.ts';
import { less } from '../elementwise/less.ts';
import { where } from '../elementwise/where.ts';
import type { Operand, Value } from '../op.ts';

/** x where x > 0, else `slope`·x. The slope is 0.01 by default, and may be a fitted value. */
export function leakyRelu(a: Value, slope: Operand = 0.01): Value {
  return where(less(0, a), a, mul(slope, a));
}
