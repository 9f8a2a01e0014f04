import { reshaped } from '../engine/fan-out.ts';
import type { Value } from '../engine/tape.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { where } from '../ops/elementwise/where.ts';
import { max } from '../ops/reduce/max.ts';

/**
 * Returns the values of the pose with the largest e_n, shape [J]. If several poses have it, each value is the smallest of
 * theirs. The deviations of this pose from its own values are exactly 0. If they were measured from a rounded mean, they
 * would be rounding errors, which may exceed the contributions of poses with a tiny e_n.
 *
 * @param e e_n, shape [poses]
 * @param values p_nj, shape [poses, J]
 */
export function bestValues(e: Value, values: Value): Value {
  // This is 0 only for poses with the largest e_n.
  const isSmaller = reshaped(sub(e, max(e)), [e.shape[0] as number, 1]);
  return min(where(isSmaller, max(values, 0), values), 0);
}
