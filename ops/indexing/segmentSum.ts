import type { SegmentSumForm } from '../../engine/forms.ts';
import { axisOf, defineOp, type Index, sameShape, showShape, type Value } from '../op.ts';
import { moveAxes } from '../shape/moveAxes.ts';
import { checkSegments } from './checkSegments.ts';
import { gather } from './gather.ts';

/**
 * The sum of the rows of each of `count` segments: result[index[i], …] += a[i, …]; zero for a segment without rows.
 * If an `axis` is given, entries are summed along that axis, and along the axes after it if the index has several axes.
 * The adjoint is `gather`.
 *
 * @throws RangeError if an entry of `index` is not below `count`, or if `index` does not have one entry for each row
 * @example
 * segmentSum(pairEnergies, ligandAtom, 37);     // the energy of each of 37 atoms
 */
export function segmentSum(a: Value, index: Index, count: number, axis = 0): Value {
  checkSegments('segmentSum', a, count);
  const rows = a.tape.index(index, 'segmentSum');
  if (axis === 0) return segmentSumOp([a, rows], count);
  const along = axisOf('segmentSum', axis, a);
  const { length: rank } = rows.shape;
  if (!sameShape(a.shape.slice(along, along + rank), rows.shape)) {
    throw new RangeError(
      `segmentSum: ${showShape(a.shape)} and ${showShape(rows.shape)}: the index needs one entry for each row along axis ${along}`,
    );
  }
  return moveAxes(segmentSumOp([moveAxes(a, along, rank, 0), rows], count), 0, 1, along);
}

const segmentSumOp = defineOp({
  name: 'segmentSum',
  forward: (count: number): SegmentSumForm => ({ kind: 'segment-sum', count }),
  vjp: [(g, _ans, _a, index) => gather(g, index as Value), null],
});
