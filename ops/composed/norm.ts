import { square } from '../arithmetic/square.ts';
import { sqrt } from '../elementwise/sqrt.ts';
import { type Axes, axesOf, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';

/**
 * The Euclidean length √Σ aᵢ² along an axis, several, or all. Its gradient at 0 is 0, like that of `sqrt`.
 * So at 0 all derivatives of functions of a norm are 0, even if they should not be: the second derivative of norm(x)²
 * should be 2. For squares use `sum(square(x))`.
 * @example
 * norm(sub(gather(ligand, i), gather(receptor, j)), -1);     // distances of listed pairs
 */
export function norm(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('norm', axis, a, keepDims);
  return sqrt(sum(square(a), axes, keepDims));
}
