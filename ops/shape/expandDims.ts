import { checkValue, showArgument, type Value } from '../op.ts';
import { reshape } from './reshape.ts';

/**
 * The value with a new axis of length 1, which is axis `axis` of the result; −1 is the last.
 *
 * @throws RangeError if the result would have no such axis
 */
export function expandDims(a: Value, axis: number): Value {
  checkValue('expandDims', a);
  const rank = a.shape.length + 1;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const got = showArgument(axis);
    throw new RangeError(`expandDims: no axis ${got} in a result of ${rank} axes`);
  }
  return reshape(a, a.shape.toSpliced(axis < 0 ? axis + rank : axis, 0, 1));
}
