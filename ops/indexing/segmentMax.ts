import type { SegmentMaxForm } from '../../engine/forms.ts';
import { div } from '../arithmetic/div.ts';
import { scaled } from '../arithmetic/scaled.ts';
import { equal } from '../elementwise/equal.ts';
import { defineOp, type Index, type Value } from '../op.ts';
import { checkSegments } from './checkSegments.ts';
import { gather } from './gather.ts';
import { segmentSum } from './segmentSum.ts';

/**
 * The entrywise maximum of the rows of each of `count` segments: result[s, …] is the maximum of a[i, …] over all i with
 * index[i] = s. It is −∞ for a segment without rows, and NaN if one of the entries is NaN. Equal largest entries share
 * the cotangent equally.
 *
 *     d max aᵢ = mean of daᵢ over the i for which aᵢ is the largest of its segment
 *
 * @throws RangeError if an entry of `index` is not below `count`, or if `index` does not have one entry for each row
 * @example
 * segmentMax(pairEnergies, ligandAtom, 37);     // the worst contact of each of 37 atoms
 */
export function segmentMax(a: Value, index: Index, count: number): Value {
  checkSegments('segmentMax', a, count);
  return segmentMaxOp([a, a.tape.index(index, 'segmentMax')], count);
}

const segmentMaxOp = defineOp({
  name: 'segmentMax',
  forward: (count: number): SegmentMaxForm => ({ kind: 'segment-max', count }),
  vjp: [
    (g, ans, a, index) => {
      const at = index as Value;
      const isLargest = equal(a as Value, gather(ans, at));
      const ties = gather(segmentSum(isLargest, at, ans.form.count), at);
      return scaled(gather(g, at), div(isLargest, ties));
    },
    null,
  ],
});
