import { sub } from '../arithmetic/sub.ts';
import { softplus } from '../elementwise/softplus.ts';
import type { Value } from '../op.ts';

/** ln(½ + ½eˣ) = softplus(x) − ln 2, which is 0 at 0 (Schütt et al., SchNet, 2017). */
export function shiftedSoftplus(a: Value): Value {
  return sub(softplus(a), Math.LN2);
}
