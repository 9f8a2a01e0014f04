import type { GatherForm } from '../../engine/forms.ts';
import { defineOp, type Index, normaliseAxis, showShape, type Value } from '../op.ts';
import { moveAxes } from '../shape/moveAxes.ts';
import { segmentSum } from './segmentSum.ts';

/**
 * Rows picked by an index: result[i, …] = a[index[i], …]. An index of shape [n, m] gives [n, m, …]. With an `axis`, entries
 * along that one, which the axes of the index replace. Its adjoint is `segmentSum`.
 *
 * @throws RangeError for an index outside the rows of `a`, TypeError for one that is not whole numbers
 * @example
 * gather(radii, types);                         // the radius of each atom, by its type
 * gather(a, [2, 0], -1);                        // columns 2 and 0
 */
export function gather(a: Value, index: Index, axis = 0): Value {
  if (a.shape.length === 0)
    throw new RangeError(`gather: ${showShape(a.shape)}: a single number has no rows`);
  const along = normaliseAxis('gather', axis, a.shape);
  const rows = a.tape.index(index, 'gather');
  const picked = gatherOp([moveAxes(a, along, 1, 0), rows]);
  return moveAxes(picked, 0, rows.shape.length, along);
}

const gatherOp = defineOp({
  name: 'gather',
  forward: (): GatherForm => ({ kind: 'gather' }),
  vjp: [(g, _ans, a, index) => segmentSum(g, index as Value, (a as Value).shape[0] as number), null],
});
