import type { ConcatForm } from '../../engine/forms.ts';
import { defineOp, normaliseAxis, type Value } from '../op.ts';
import { slice } from './slice.ts';

/**
 * Values one after the other along an axis, 0 by default. Its adjoint gives each its `slice`.
 *
 * @throws RangeError if another length differs, TypeError for an empty list
 */
export function concat(values: readonly Value[], axis = 0): Value {
  const [first] = values;
  if (!first) throw new TypeError('concat: needs at least one value');
  return concatOp(values, normaliseAxis('concat', axis, first.shape));
}

const concatOp = defineOp({
  name: 'concat',
  forward: (axis: number): ConcatForm => ({ kind: 'concat', axis }),
  vjp:
    position =>
    (g, ans, ...parts) => {
      const { axis } = ans.form;
      const lengthOf = (part: Value) => part.shape[axis] as number;
      const from = parts.slice(0, position).reduce((total, part) => total + lengthOf(part), 0);
      const start = ans.shape.map((_, each) => (each === axis ? from : 0));
      const end = ans.shape.map((length, each) =>
        each === axis ? from + lengthOf(parts[position] as Value) : length,
      );
      return slice(g, start, end);
    },
});
