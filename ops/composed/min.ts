import { neg } from '../arithmetic/neg.ts';
import { type Axes, axesOf, type Value } from '../op.ts';
import { max } from '../reduce/max.ts';

/** The smallest entry along an axis, several, or all: −max(−a). Ties share the cotangent equally. */
export function min(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('min', axis, a, keepDims);
  return neg(max(neg(a), axes, keepDims));
}
