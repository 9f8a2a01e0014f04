import { div } from '../arithmetic/div.ts';
import { maximum } from '../elementwise/maximum.ts';
import { axisOf, checkValue, type Index, type Value } from '../op.ts';
import { reshape } from '../shape/reshape.ts';
import { segmentSum } from './segmentSum.ts';

/**
 * The mean of the rows of each of `count` segments, along `axis`, 0 by default; zero for a segment without rows.
 *
 *     result[s, …] = mean of a[i, …] over the i with index[i] = s
 *
 * @throws RangeError if an entry of `index` is not below `count`, or if `index` does not have one entry for each row
 */
export function segmentMean(a: Value, index: Index, count: number, axis = 0): Value {
  checkValue('segmentMean', a);
  const rows = a.tape.index(index, 'segmentMean');
  const total = segmentSum(a, rows, count, axis);
  const along = axis === 0 ? 0 : axisOf('segmentMean', axis, a);
  const sizes = segmentSum(a.tape.fill(1, rows.shape), rows, count);
  const trailing = total.shape.slice(along + 1).map(() => 1);
  return div(total, reshape(maximum(sizes, 1), [count, ...trailing]));
}
