import { reshaped, sumOver } from '../../engine/fan-out.ts';
import { type Axes, axesOf, type Value, withoutAxes } from '../op.ts';

/**
 * The sum over an axis, several, or all. The axes are removed, or kept with length 1 if `keepDims` is true. The sum of
 * no numbers is 0. Its adjoint is `broadcastTo`.
 *
 *     d Σ aᵢ = Σ daᵢ
 * @example
 * sum(a);                                       // of everything, shape []
 * sum(a, -1, true);                             // [40, 3] gives [40, 1]
 */
export function sum(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('sum', axis, a, keepDims);
  const total = sumOver(a, axes);
  return keepDims ? total : reshaped(total, withoutAxes(a.shape, axes));
}
