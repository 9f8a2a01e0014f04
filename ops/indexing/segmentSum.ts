import type { SegmentSumForm } from '../../engine/forms.ts';
import { defineOp, type Index, kindOf, type Value } from '../op.ts';
import { gather } from './gather.ts';

/**
 * Rows added up by an index: result[index[i], …] += a[i, …], of `count` rows, zero where none arrives. Its adjoint is
 * `gather`.
 *
 * @throws RangeError for an index not below `count`, or one without an entry for each row
 * @example
 * segmentSum(pairEnergies, ligandAtom, 37);     // the energy of each of 37 atoms
 */
export function segmentSum(a: Value, index: Index, count: number): Value {
  if (!Number.isInteger(count) || count < 0) {
    const given = typeof count === 'number' ? count : kindOf(count);
    throw new RangeError(`segmentSum: count is a whole number from 0, got ${given}`);
  }
  return segmentSumOp([a, a.tape.index(index, 'segmentSum')], count);
}

const segmentSumOp = defineOp({
  name: 'segmentSum',
  forward: (count: number): SegmentSumForm => ({ kind: 'segment-sum', count }),
  vjp: [(g, _ans, _a, index) => gather(g, index as Value), null],
});
