import { mul } from '../arithmetic/mul.ts';
import { neg } from '../arithmetic/neg.ts';
import { square } from '../arithmetic/square.ts';
import { sub } from '../arithmetic/sub.ts';
import { exp } from '../elementwise/exp.ts';
import { checkValue, isValue, type Operand, type Value } from '../op.ts';
import { expandDims } from '../shape/expandDims.ts';

/**
 * A Gaussian radial basis with K centres. Distances of shape [...] give [..., K].
 *
 *     exp(−γ (d − μₖ)²)
 *
 * `centers` are the μₖ, in the unit of d; `gamma` is γ, in 1/unit² (Schütt et al., SchNet, 2017, eq. 8).
 */
export function gaussians(distances: Value, centers: Value | readonly number[], gamma: Operand): Value {
  checkValue('gaussians', distances);
  const at = isValue(centers) ? centers : distances.tape.constant(centers);
  return exp(neg(mul(gamma, square(sub(expandDims(distances, -1), at)))));
}
