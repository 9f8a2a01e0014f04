import { mul } from '../arithmetic/mul.ts';
import { expm1 } from '../elementwise/expm1.ts';
import { less } from '../elementwise/less.ts';
import { where } from '../elementwise/where.ts';
import type { Operand, Value } from '../op.ts';

/** x where x > 0, else α(eˣ − 1); α is 1 by default (Clevert et al., arXiv:1511.07289). */
export function elu(a: Value, alpha: Operand = 1): Value {
  return where(less(0, a), a, mul(alpha, expm1(a)));
}
