import { square } from '../arithmetic/square.ts';
import { sqrt } from '../elementwise/sqrt.ts';
import type { Axes, Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';

/**
 * The Euclidean length √Σ aᵢ² along an axis, several, or all. Its subgradient at 0 is 0, as that of `sqrt`.
 * @example
 * norm(sub(gather(ligand, i), gather(receptor, j)), -1);     // distances of listed pairs
 */
export function norm(a: Value, axis?: Axes, keepDims = false): Value {
  return sqrt(sum(square(a), axis, keepDims));
}
