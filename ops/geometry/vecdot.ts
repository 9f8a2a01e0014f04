import { broadcastShapes } from '../../engine/shape.ts';
import { mul } from '../arithmetic/mul.ts';
import { checkValues, normaliseAxis, showShape, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';

/**
 * The scalar product of vectors along an axis, the last by default: Σ aᵢbᵢ. Other axes broadcast.
 *
 * @throws RangeError if the vectors differ in length, or the other axes do not broadcast
 */
export function vecdot(a: Value, b: Value, axis = -1): Value {
  checkVectors('vecdot', a, b, axis);
  return sum(mul(a, b), axis);
}

/** @throws RangeError naming the op and both shapes, unless the shapes broadcast and have equal lengths along `axis` */
export function checkVectors(name: string, a: Value, b: Value, axis: number): void {
  checkValues(name, [a, b]);
  const shape = broadcastShapes([a.shape, b.shape]);
  const shown = `${name}: ${showShape(a.shape)} and ${showShape(b.shape)}`;
  if (!shape) throw new RangeError(`${shown}: the shapes do not broadcast`);
  const back = normaliseAxis(name, axis, shape) - shape.length;
  const [left, right] = [a.shape.at(back), b.shape.at(back)];
  const haveAxis = a.shape.length >= -back && b.shape.length >= -back;
  if (!haveAxis || left !== right) throw new RangeError(`${shown}: the vectors must have the same length`);
}
