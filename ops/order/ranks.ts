import { arange } from '../create/arange.ts';
import { gather } from '../indexing/gather.ts';
import { pick } from '../indexing/pick.ts';
import { defineOp, map, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';
import { expandDims } from '../shape/expandDims.ts';
import { moveAxes } from '../shape/moveAxes.ts';

/** The entries with the ranked axis moved to the end, and the rank of each, a whole number from 0. */
export interface Ranked {
  readonly entries: Value;
  readonly ranks: Value;
}

/**
 * The rank of each entry along an axis: the number of entries that precede it. If `first` is 'smallest', smaller
 * entries precede larger ones; if it is 'largest', larger entries precede smaller ones. Equal entries keep their order.
 * NaN counts as larger than ∞.
 *
 *     rankᵢ = Σⱼ [aⱼ precedes aᵢ]
 *
 * All n² pairs of entries are compared. But executors that plan store no n × n array, and one plan fits any n.
 */
export function ranked(a: Value, axis: number, first: 'smallest' | 'largest'): Ranked {
  const moved = moveAxes(a, axis, 1, a.shape.length - 1);
  // Gather all rows, since a plan then stores them. So both sides of a comparison read the same rounded numbers.
  const rows = Array.from({ length: moved.shape[0] as number }, (_, row) => row);
  const entries = gather(moved, rows);
  const positions = arange(a.tape, entries.shape.at(-1) as number);
  const [other, self] = [expandDims(entries, -2), expandDims(entries, -1)];
  const [less, greater] = first === 'smallest' ? [other, self] : [self, other];
  return { entries, ranks: sum(precedes(less, greater, positions, expandDims(positions, -1)), -1) };
}

/**
 * The entries of `values` with ranks 0 to `count` − 1, in that order, along `axis`. `ranks` holds the rank of each
 * entry along the last axis of `values`.
 */
export function byRank({ ranks }: Ranked, values: Value, count: number, axis: number): Value {
  const wanted = expandDims(arange(values.tape, count), -1);
  const picked = pick(wanted, expandDims(ranks, -2), expandDims(values, -2), -1);
  return moveAxes(picked, picked.shape.length - 1, 1, axis);
}

/**
 * 1 if x at position p precedes y at position q in ascending order, else 0: x < y, or p < q if x = y. If x and y are
 * exchanged but p and q are not, the order is descending, and equal entries still keep their order.
 */
const precedes = defineOp({
  name: 'precedes',
  forward: map((s, x, y, p, q) => {
    const [no, yes] = [s.constant(0), s.constant(1)];
    const below = (a: typeof x, b: typeof x) =>
      s.select(s.equal(a, a), s.select(s.equal(b, b), s.less(a, b), yes), no);
    return s.select(s.less(p, q), s.select(below(y, x), no, yes), below(x, y));
  }),
  vjp: [null, null, null, null],
});
