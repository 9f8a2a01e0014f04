import { div } from '../arithmetic/div.ts';
import { type Axes, axesOf, showShape, sizeOf, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';

/**
 * The arithmetic mean along an axis, several, or all: Σ aᵢ / n.
 *
 * @throws RangeError over an axis without entries
 */
export function mean(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('mean', axis, a, keepDims);
  const count = sizeOf(axes.map(along => a.shape[along] as number));
  if (count === 0) throw new RangeError(`mean: ${showShape(a.shape)}: the mean of no numbers is undefined`);
  return div(sum(a, axes, keepDims), count);
}
