import { maximum } from '../elementwise/maximum.ts';
import { minimum } from '../elementwise/minimum.ts';
import type { Operand, Value } from '../op.ts';

/** a limited to `low` … `high`: min(max(a, low), high). Exactly at a bound half the cotangent passes. */
export function clamp(a: Value, low: Operand, high: Operand): Value {
  return minimum(maximum(a, low), high);
}
