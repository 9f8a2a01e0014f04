import { div } from '../arithmetic/div.ts';
import { sub } from '../arithmetic/sub.ts';
import { exp } from '../elementwise/exp.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import type { Index, Value } from '../op.ts';
import { checkSegments } from './checkSegments.ts';
import { gather } from './gather.ts';
import { segmentMax } from './segmentMax.ts';
import { segmentSum } from './segmentSum.ts';

/**
 * The softmax of the rows of each of `count` segments: exp(aᵢ)/Σ exp(aⱼ), summed over the rows j of the segment of row
 * i. An example is the attention of each edge of an atom, relative to all edges of that atom. The result has the shape
 * of `a`. The largest entry of each segment is subtracted first, so nothing overflows. A segment with ∞, or with
 * nothing but −∞, is NaN, as in `softmax`.
 *
 * @example
 * segmentSum(mul(segmentSoftmax(scores, to, atoms), messages), to, atoms);
 */
export function segmentSoftmax(a: Value, index: Index, count: number): Value {
  checkSegments('segmentSoftmax', a, count);
  const at = a.tape.index(index, 'segmentSoftmax');
  const e = exp(sub(a, gather(stopGradient(segmentMax(a, at, count)), at)));
  return div(e, gather(segmentSum(e, at, count), at));
}
