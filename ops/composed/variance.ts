import { div } from '../arithmetic/div.ts';
import { square } from '../arithmetic/square.ts';
import { sub } from '../arithmetic/sub.ts';
import { type Axes, axesOf, showArgument, showShape, sizeOf, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';
import { mean } from './mean.ts';

/**
 * The variance along an axis, several, or all. It is NumPy's `var`, which is a reserved word in JavaScript.
 *
 *     Σ (aᵢ − mean a)²/(n − ddof)
 *
 * `ddof` is 0 by default; 1 gives the unbiased estimate from a sample, PyTorch's default.
 *
 * @throws RangeError unless there are more entries than `ddof`
 */
export function variance(a: Value, axis?: Axes, keepDims = false, ddof = 0): Value {
  return varianceOf('variance', a, axis, keepDims, ddof);
}

/** {@link variance}, with the name of the op in errors. */
export function varianceOf(name: string, a: Value, axis: Axes, keepDims: boolean, ddof: number): Value {
  const axes = axesOf(name, axis, a, keepDims);
  if (!Number.isFinite(ddof)) {
    throw new TypeError(`${name}: ddof must be a number, got ${showArgument(ddof)}`);
  }
  const count = sizeOf(axes.map(along => a.shape[along] as number));
  if (count === 0 || count <= ddof) {
    throw new RangeError(
      `${name}: ${showShape(a.shape)}: ${count} entries are too few: there must be more than ddof, ${ddof}`,
    );
  }
  return div(sum(square(sub(a, mean(a, axes, true))), axes, keepDims), count - ddof);
}
