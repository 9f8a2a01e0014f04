import { neg } from '../arithmetic/neg.ts';
import type { Index, Value } from '../op.ts';
import { checkSegments } from './checkSegments.ts';
import { segmentMax } from './segmentMax.ts';

/**
 * The entrywise minimum of the rows of each segment: −segmentMax(−a); ∞ for a segment without rows. Ties share the
 * cotangent equally.
 */
export function segmentMin(a: Value, index: Index, count: number): Value {
  checkSegments('segmentMin', a, count);
  return neg(segmentMax(neg(a), a.tape.index(index, 'segmentMin'), count));
}
