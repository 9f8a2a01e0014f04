import { sub } from '../arithmetic/sub.ts';
import { checkValues, showShape, type Value } from '../op.ts';
import { expandDims } from '../shape/expandDims.ts';
import { norm } from './norm.ts';

/**
 * The distances between each point of one set and each point of another: coordinates [n, d] and [m, d], in any unit,
 * give [n, m]. Points that coincide have distance 0 and gradient 0.
 *
 *     rᵢⱼ = |aᵢ − bⱼ|
 */
export function pairDistances(a: Value, b: Value): Value {
  checkValues('pairDistances', [a, b]);
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] !== b.shape[1]) {
    throw new RangeError(
      `pairDistances: ${showShape(a.shape)} and ${showShape(b.shape)}: needs coordinates [n, d] and [m, d]`,
    );
  }
  return norm(sub(expandDims(a, 1), expandDims(b, 0)), -1);
}
