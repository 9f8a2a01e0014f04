import { sqrt } from '../elementwise/sqrt.ts';
import type { Axes, Value } from '../op.ts';
import { varianceOf } from './variance.ts';

/**
 * The standard deviation along an axis, several, or all: the square root of `variance`, with the same `ddof`. Its
 * gradient is 0 if all entries are equal.
 *
 * @throws RangeError unless there are more entries than `ddof`
 */
export function std(a: Value, axis?: Axes, keepDims = false, ddof = 0): Value {
  return sqrt(varianceOf('std', a, axis, keepDims, ddof));
}
