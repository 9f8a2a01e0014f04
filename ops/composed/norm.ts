import { square } from '../arithmetic/square.ts';
import { sqrt } from '../elementwise/sqrt.ts';
import { type Axes, axesOf, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';

/**
 * The Euclidean length √Σ aᵢ² along an axis, several, or all. Like that of `sqrt`, its gradient at 0 is 0.
 * So all derivatives of functions of it are 0 there, even where they should not be: norm(x)² should have second
 * derivative 2. For squares use `sum(square(x))`.
 * @example
 * norm(sub(gather(ligand, i), gather(receptor, j)), -1);     // distances of listed pairs
 */
export function norm(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('norm', axis, a, keepDims);
  return sqrt(sum(square(a), axes, keepDims));
}
