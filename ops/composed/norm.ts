import { square } from '../arithmetic/square.ts';
import { sqrt } from '../elementwise/sqrt.ts';
import { type Axes, checkFlag, normaliseAxes, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';

/**
 * The Euclidean length √Σ aᵢ² along an axis, several, or all. Its subgradient at 0 is 0, as that of `sqrt`; so are the
 * derivatives of any order at 0 of what is made of it, such as norm(x)², whose second is 2. Of a square take
 * `sum(square(x))`.
 * @example
 * norm(sub(gather(ligand, i), gather(receptor, j)), -1);     // distances of listed pairs
 */
export function norm(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = normaliseAxes('norm', axis, a.shape);
  checkFlag('norm', 'keepDims', keepDims);
  return sqrt(sum(square(a), axes, keepDims));
}
