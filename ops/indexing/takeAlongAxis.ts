import type { ConstantForm } from '../../engine/forms.ts';
import { stridesOf } from '../../engine/shape.ts';
import type { NestedNumbers } from '../../engine/tensor.ts';
import { arange } from '../create/arange.ts';
import { axisOf, type Index, sameShape, showShape, sizeOf, type Value } from '../op.ts';
import { expandDims } from '../shape/expandDims.ts';
import { moveAxes } from '../shape/moveAxes.ts';
import { reshape } from '../shape/reshape.ts';
import { gather } from './gather.ts';
import { isComputedIndex, pick } from './pick.ts';

/**
 * Entries picked along an axis, one for each entry of an index. For axis 1, result[i, k] = a[i, index[i, k]]. The shape
 * of the index may differ from that of `a` only in the length of that axis. The index is read when the op is recorded;
 * later changes have no effect.
 *
 * The index may also be computed, for example by `argsort`. Each of its entries is then compared with all positions
 * along the axis; an entry that equals none of them gives −∞.
 *
 * @throws RangeError for an index of another shape, or one that points outside the axis
 * @example
 * takeAlongAxis(logits, labels, -1);            // [n, classes] by labels [n, 1]: the logit of each label
 */
export function takeAlongAxis(a: Value, index: Index | NestedNumbers, axis: number): Value {
  const along = axisOf('takeAlongAxis', axis, a);
  const picks = a.tape.index(index as Index, 'takeAlongAxis');
  const isComputed = isComputedIndex(picks);
  if (picks.dtype !== 'index' && !isComputed) {
    throw new TypeError('takeAlongAxis: its index must be whole numbers, an Int32Array or a list of them');
  }
  const { shape } = picks;
  if (shape.length !== a.shape.length || !sameShape(shape.with(along, 0), a.shape.with(along, 0))) {
    throw new RangeError(
      `takeAlongAxis: ${showShape(a.shape)} and ${showShape(shape)}: all lengths but those of axis ${along} must be equal`,
    );
  }
  if (isComputed) return picked(a, picks, along);
  const { data } = (picks as Value<ConstantForm>).form.tensor;
  const length = a.shape[along] as number;
  // A position in the flattened index is before·outer + k·inner + after, with the position k along the axis.
  const inner = stridesOf(shape)[along] as number;
  const outer = inner * (shape[along] as number);
  const flat = Int32Array.from(data, (pick, position) => {
    if (pick < 0 || pick >= length) {
      throw new RangeError(
        `takeAlongAxis: index ${pick} at position ${position} is out of range: there are ${length} entries, 0 to ${length - 1}`,
      );
    }
    return (Math.floor(position / outer) * length + pick) * inner + (position % inner);
  });
  return reshape(gather(reshape(a, [sizeOf(a.shape)]), flat), shape);
}

/** Entries picked along an axis by a computed index. */
function picked(a: Value, index: Value, along: number): Value {
  const last = a.shape.length - 1;
  const [entries, wanted] = [a, index].map(value => moveAxes(value, along, 1, last)) as [Value, Value];
  const positions = arange(a.tape, a.shape[along] as number);
  return moveAxes(pick(expandDims(wanted, -1), positions, expandDims(entries, -2), -1), last, 1, along);
}
