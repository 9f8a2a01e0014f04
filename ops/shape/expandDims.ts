import type { Value } from '../op.ts';
import { reshape } from './reshape.ts';

/**
 * A new axis of length 1, before `axis` of the result; −1 puts it last.
 *
 * @throws RangeError if the result would have no such axis
 */
export function expandDims(a: Value, axis: number): Value {
  const rank = a.shape.length + 1;
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank) {
    throw new RangeError(`expandDims: no axis ${axis} in a result of ${rank} axes`);
  }
  return reshape(a, a.shape.toSpliced(at, 0, 1));
}
