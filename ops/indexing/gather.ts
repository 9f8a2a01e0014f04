import type { GatherForm } from '../../engine/forms.ts';
import { defineOp, type Index, showShape, type Value } from '../op.ts';
import { segmentSum } from './segmentSum.ts';

/**
 * Rows picked by an index: result[i, …] = a[index[i], …]. An index of shape [n, m] gives [n, m, …]. Its adjoint is
 * `segmentSum`.
 *
 * @throws RangeError for an index outside the rows of `a`, TypeError for one that is not whole numbers
 * @example
 * gather(radii, types);                         // the radius of each atom, by its type
 */
export function gather(a: Value, index: Index): Value {
  if (a.shape.length === 0)
    throw new RangeError(`gather: ${showShape(a.shape)}: a single number has no rows`);
  return gatherOp([a, a.tape.index(index, 'gather')]);
}

const gatherOp = defineOp({
  name: 'gather',
  forward: (): GatherForm => ({ kind: 'gather' }),
  vjp: [(g, _ans, a, index) => segmentSum(g, index as Value, (a as Value).shape[0] as number), null],
});
