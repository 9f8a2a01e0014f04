import { mul } from '../arithmetic/mul.ts';
import { sub } from '../arithmetic/sub.ts';
import { norm } from '../composed/norm.ts';
import { atan2 } from '../elementwise/atan2.ts';
import type { Value } from '../op.ts';
import { checkPoints } from './checkPoints.ts';
import { cross } from './cross.ts';
import { vecdot } from './vecdot.ts';

/**
 * The dihedral angle of points a, b, c and d, [..., 3] each, in radians from −π to π. Other axes broadcast. The sign is
 * IUPAC's: looking from b to c, it is positive if d is clockwise of a; 0 is cis, ±π is trans. If three consecutive
 * points are on a line, the angle is undefined; the result is 0 or ±π, with gradient 0.
 *
 *     atan2(|v| u·(v × w), (u × v)·(v × w)) with u = b − a, v = c − b, w = d − c
 *
 * @throws RangeError unless all points have three components
 */
export function dihedral(a: Value, b: Value, c: Value, d: Value): Value {
  checkPoints('dihedral', [a, b, c, d]);
  const [u, v, w] = [sub(b, a), sub(c, b), sub(d, c)];
  const normal = cross(v, w);
  return atan2(mul(norm(v, -1), vecdot(u, normal)), vecdot(cross(u, v), normal));
}
