import { div } from '../arithmetic/div.ts';
import { sub } from '../arithmetic/sub.ts';
import { exp } from '../elementwise/exp.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import type { Axes, Value } from '../op.ts';
import { max } from '../reduce/max.ts';
import { sum } from '../reduce/sum.ts';

/**
 * exp(aᵢ)/Σ exp(aⱼ) along an axis (the last by default), the largest taken out first. A row with ∞, or of −∞ alone, has no
 * shares: it is NaN, as in NumPy and PyTorch. Of the logarithm take {@link logSoftmax}.
 */
export function softmax(a: Value, axis: Axes = -1): Value {
  const e = exp(sub(a, stopGradient(max(a, axis, true))));
  return div(e, sum(e, axis, true));
}
