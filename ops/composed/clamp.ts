import { maximum } from '../elementwise/maximum.ts';
import { minimum } from '../elementwise/minimum.ts';
import type { Operand, Value } from '../op.ts';

/** a held between `low` and `high`: min(max(a, low), high). Exactly on a bound half the cotangent passes. */
export function clamp(a: Value, low: Operand, high: Operand): Value {
  return minimum(maximum(a, low), high);
}
