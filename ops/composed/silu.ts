import { mul } from '../arithmetic/mul.ts';
import { sigmoid } from '../elementwise/sigmoid.ts';
import type { Value } from '../op.ts';

/** x·σ(x), also called swish (Elfwing et al., arXiv:1702.03118). NaN at −∞, as in PyTorch. */
export function silu(a: Value): Value {
  return mul(a, sigmoid(a));
}
