import { div } from '../arithmetic/div.ts';
import { sub } from '../arithmetic/sub.ts';
import { exp } from '../elementwise/exp.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import type { Axes, Value } from '../op.ts';
import { max } from '../reduce/max.ts';
import { sum } from '../reduce/sum.ts';

/**
 * exp(aᵢ)/Σ exp(aⱼ) along an axis (the last by default), with the largest entry subtracted first. A row that contains
 * ∞, or nothing but −∞, becomes NaN, as in NumPy and PyTorch. For its logarithm use {@link logSoftmax}.
 */
export function softmax(a: Value, axis: Axes = -1): Value {
  const e = exp(sub(a, stopGradient(max(a, axis, true))));
  return div(e, sum(e, axis, true));
}
