import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { sub } from '../arithmetic/sub.ts';
import { round } from '../elementwise/round.ts';
import { checkValue, isValue, type Value } from '../op.ts';

/**
 * Displacements to the nearest periodic image in an orthorhombic box: each component is brought to within half a box
 * length. The displacements have shape [..., 3]. `box` holds the length of the box along each axis, in shape [3], or
 * one length for all axes, in the unit of the displacements.
 *
 *     d − L·round(d/L)        ∂/∂d = 1, ∂/∂L = −round(d/L)
 * @example
 * norm(minimumImage(sub(gather(x, i), gather(x, j)), [20, 20, 30]), -1);  // distances in a periodic box
 */
export function minimumImage(displacement: Value, box: Value | number | readonly number[]): Value {
  checkValue('minimumImage', displacement);
  const lengths = isValue(box) || typeof box === 'number' ? box : displacement.tape.constant(box);
  return sub(displacement, mul(lengths, round(div(displacement, lengths))));
}
