import type { GatherForm } from '../../engine/forms.ts';
import { arange } from '../create/arange.ts';
import { axisOf, defineOp, type Index, type Value } from '../op.ts';
import { moveAxes } from '../shape/moveAxes.ts';
import { reshape } from '../shape/reshape.ts';
import { isComputedIndex, pick } from './pick.ts';
import { segmentSum } from './segmentSum.ts';

/**
 * Rows picked by an index: result[i, …] = a[index[i], …]. An index of shape [n, m] gives [n, m, …]. If an `axis` is
 * given, entries are picked along that axis, and the axes of the index replace it. The adjoint is `segmentSum`.
 *
 * The index may also be computed, for example by `argmax`. Each of its entries is then compared with all positions
 * along the axis; an entry that equals none of them gives −∞.
 *
 * @throws RangeError for an index outside the rows of `a`, TypeError for one that is not whole numbers
 * @example
 * gather(radii, types);                         // the radius of each atom, by its type
 * gather(a, [2, 0], -1);                        // columns 2 and 0
 */
export function gather(a: Value, index: Index, axis = 0): Value {
  const along = axisOf('gather', axis, a);
  const rows = a.tape.index(index, 'gather');
  if (isComputedIndex(rows)) return picked(a, rows, along);
  const gathered = gatherOp([moveAxes(a, along, 1, 0), rows]);
  return moveAxes(gathered, 0, rows.shape.length, along);
}

const gatherOp = defineOp({
  name: 'gather',
  forward: (): GatherForm => ({ kind: 'gather' }),
  vjp: [(g, _ans, a, index) => segmentSum(g, index as Value, (a as Value).shape[0] as number), null],
});

/** Entries picked along an axis by a computed index. */
function picked(a: Value, index: Value, along: number): Value {
  const [before, after] = [a.shape.slice(0, along), a.shape.slice(along + 1)];
  const [length, trailing] = [a.shape[along] as number, after.map(() => 1)];
  const positions = reshape(arange(a.tape, length), [length, ...trailing]);
  const wanted = reshape(index, [...index.shape, 1, ...trailing]);
  const entries = reshape(a, [...before, ...index.shape.map(() => 1), length, ...after]);
  return pick(wanted, positions, entries, along + index.shape.length);
}
