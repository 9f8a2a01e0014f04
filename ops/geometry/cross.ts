import { mul } from '../arithmetic/mul.ts';
import { sub } from '../arithmetic/sub.ts';
import { showShape, type Value } from '../op.ts';
import { concat } from '../shape/concat.ts';
import { slice } from '../shape/slice.ts';
import { checkVectors } from './vecdot.ts';

/**
 * The vector product of vectors of length 3 along an axis, the last by default. Other axes broadcast.
 *
 *     a × b = (a₁b₂ − a₂b₁, a₂b₀ − a₀b₂, a₀b₁ − a₁b₀)
 *
 * @throws RangeError unless all vectors have three components
 */
export function cross(a: Value, b: Value, axis = -1): Value {
  checkVectors('cross', a, b, axis);
  // The axis is counted from the end, since broadcasting adds axes in front.
  const back = axis < 0 ? axis : axis - Math.max(a.shape.length, b.shape.length);
  if (a.shape.at(back) !== 3) {
    throw new RangeError(`cross: ${showShape(a.shape)} and ${showShape(b.shape)}: vectors have 3 components`);
  }
  return rotated(sub(mul(a, rotated(b, back)), mul(rotated(a, back), b)), back);
}

/** The components (x, y, z) in the order (y, z, x). `back` is their axis, counted from the end. */
function rotated(a: Value, back: number): Value {
  const axis = back + a.shape.length;
  const zeros = new Array<number>(axis).fill(0);
  const leading = a.shape.slice(0, axis);
  return concat([slice(a, [...zeros, 1]), slice(a, zeros, [...leading, 1])], axis);
}
