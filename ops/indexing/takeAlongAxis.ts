import type { ConstantForm } from '../../engine/forms.ts';
import { stridesOf } from '../../engine/shape.ts';
import type { NestedNumbers } from '../../engine/tensor.ts';
import { type Index, normaliseAxis, sameShape, showShape, sizeOf, type Value } from '../op.ts';
import { reshape } from '../shape/reshape.ts';
import { gather } from './gather.ts';

/**
 * One entry along an axis for each entry of an index, which has the shape of `a` but for the length of that axis: along
 * axis 1, result[i, k] = a[i, index[i, k]]. The index is read when this is recorded: later changes have no effect.
 *
 * @throws RangeError for an index of another shape, or one that points outside the axis
 * @example
 * takeAlongAxis(logits, labels, -1);            // [n, classes] by labels [n, 1]: the logit of each label
 */
export function takeAlongAxis(a: Value, index: Index | NestedNumbers, axis: number): Value {
  const along = normaliseAxis('takeAlongAxis', axis, a.shape);
  const picks = a.tape.index(index as Index, 'takeAlongAxis');
  if (picks.dtype !== 'index') {
    throw new TypeError('takeAlongAxis: its index must be whole numbers, an Int32Array or a list of them');
  }
  const { shape } = picks;
  if (shape.length !== a.shape.length || !sameShape(shape.with(along, 0), a.shape.with(along, 0))) {
    throw new RangeError(
      `takeAlongAxis: ${showShape(a.shape)} and ${showShape(shape)}: all lengths but those of axis ${along} must be equal`,
    );
  }
  const { data } = (picks as Value<ConstantForm>).form.tensor;
  const length = a.shape[along] as number;
  // Of a position in the index: what lies before the axis, and after it.
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
