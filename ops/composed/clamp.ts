import { maximum } from '../elementwise/maximum.ts';
import { minimum } from '../elementwise/minimum.ts';
import type { Operand, Value } from '../op.ts';

/**
 * a limited to the range from `low` to `high`: min(max(a, low), high). If a equals a bound, it gets half of the
 * cotangent.
 */
export function clamp(a: Value, low: Operand, high: Operand): Value {
  return minimum(maximum(a, low), high);
}
