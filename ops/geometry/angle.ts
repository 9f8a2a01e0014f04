import { sub } from '../arithmetic/sub.ts';
import { norm } from '../composed/norm.ts';
import { atan2 } from '../elementwise/atan2.ts';
import type { Value } from '../op.ts';
import { checkPoints } from './checkPoints.ts';
import { cross } from './cross.ts';
import { vecdot } from './vecdot.ts';

/**
 * The angle at b between points a and c, [..., 3] each, in radians from 0 to π. It is as precise near 0 and π as
 * elsewhere. Other axes broadcast. If the points are on a line, the slope jumps, and the gradient is set to 0. If two
 * points coincide, angle and gradient are 0.
 *
 *     atan2(|u × v|, u·v) with u = a − b, v = c − b
 *
 * @throws RangeError unless all points have three components
 */
export function angle(a: Value, b: Value, c: Value): Value {
  checkPoints('angle', [a, b, c]);
  const [u, v] = [sub(a, b), sub(c, b)];
  return atan2(norm(cross(u, v), -1), vecdot(u, v));
}
