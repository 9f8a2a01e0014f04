import { neg } from '../arithmetic/neg.ts';
import type { Index, Value } from '../op.ts';
import { checkSegments } from './checkSegments.ts';
import { segmentMax } from './segmentMax.ts';

/**
 * The smallest of rows by an index, entry by entry: −segmentMax(−a). ∞ where no row arrives. Ties share the cotangent
 * equally.
 */
export function segmentMin(a: Value, index: Index, count: number): Value {
  checkSegments('segmentMin', count);
  return neg(segmentMax(neg(a), a.tape.index(index, 'segmentMin'), count));
}
