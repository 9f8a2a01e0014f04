import { repeat, reshaped, sumOver } from '../../engine/fan-out.ts';
import type { ReduceForm } from '../../engine/forms.ts';
import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { equal } from '../elementwise/equal.ts';
import { type Axes, axesOf, defineOp, type Value, withoutAxes } from '../op.ts';

/**
 * The largest entry along an axis, several, or all; NaN if any entry is NaN. Equal largest entries share
 * the cotangent equally.
 *
 *     d max aᵢ = mean of daᵢ over the i for which aᵢ is largest
 *
 * @throws RangeError over an axis without entries
 */
export function max(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('max', axis, a, keepDims);
  const largest = axes.length === 0 ? a : maxOp([a], axes);
  return keepDims ? largest : reshaped(largest, withoutAxes(a.shape, axes));
}

const maxOp = defineOp({
  name: 'max',
  forward: (axes: readonly number[]): ReduceForm => ({ kind: 'reduce', reducer: 'max', axes }),
  vjp: [
    (g, ans, a) => {
      const isLargest = equal(a, ans);
      return scaled(repeat(g, a.shape), div(isLargest, sumOver(isLargest, ans.form.axes)));
    },
  ],
});
