import { reshaped } from '../../engine/fan-out.ts';
import { type Shape, sizeOf } from '../../engine/shape.ts';
import { checkValue, kindOf, showShape, type Value } from '../op.ts';

/**
 * The same numbers in the same order in another shape. One length may be −1; it is computed from the other lengths.
 * The adjoint is a `reshape` back to the shape of `a`.
 *
 * @throws RangeError if the shapes hold different numbers of entries
 */
export function reshape(a: Value, shape: Shape): Value {
  checkValue('reshape', a);
  if (!Array.isArray(shape))
    throw new TypeError(`reshape: a shape is a list of whole numbers, got ${kindOf(shape)}`);
  const open = shape.indexOf(-1);
  if (open < 0) return reshaped(a, shape);
  const rest = sizeOf(shape.filter((_, axis) => axis !== open));
  const length = sizeOf(a.shape) / rest;
  if (!Number.isInteger(length) || shape.indexOf(-1, open + 1) >= 0) {
    throw new RangeError(`reshape: ${showShape(a.shape)} does not divide into ${showShape(shape)}`);
  }
  return reshaped(a, shape.with(open, length));
}
