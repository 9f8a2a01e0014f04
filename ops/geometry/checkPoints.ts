import { broadcastShapes } from '../../engine/shape.ts';
import { checkValues, showShape, type Value } from '../op.ts';

/** @throws RangeError naming the op and the shapes, unless the shapes broadcast and all end in 3 */
export function checkPoints(op: string, points: readonly Value[]): void {
  checkValues(op, points);
  const shapes = points.map(({ shape }) => shape);
  const haveThreeComponents = shapes.every(shape => shape.at(-1) === 3);
  if (haveThreeComponents && broadcastShapes(shapes)) return;
  const what = haveThreeComponents
    ? 'the shapes do not broadcast'
    : 'points have 3 components along the last axis';
  throw new RangeError(`${op}: ${shapes.map(showShape).join(' and ')}: ${what}`);
}
