import { add } from '../arithmetic/add.ts';
import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { cos } from '../elementwise/cos.ts';
import { less } from '../elementwise/less.ts';
import { where } from '../elementwise/where.ts';
import type { Operand, Value } from '../op.ts';

/**
 * A smooth cutoff, 1 at distance 0 and 0 from `cutoff` on, with slope 0 at both ends (Behler, J. Chem. Phys. 134,
 * 074106, 2011).
 *
 *     ½ (cos(π d/d_c) + 1) where d < d_c, else 0
 */
export function cosineCutoff(distances: Value, cutoff: Operand): Value {
  const wave = mul(0.5, add(cos(mul(Math.PI, div(distances, cutoff))), 1));
  return where(less(distances, cutoff), wave, 0);
}
