import { sub } from '../arithmetic/sub.ts';
import { exp } from '../elementwise/exp.ts';
import { log } from '../elementwise/log.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import type { Axes, Value } from '../op.ts';
import { max } from '../reduce/max.ts';
import { sum } from '../reduce/sum.ts';

/**
 * ln softmax(a) = aᵢ − ln Σ exp(aⱼ) along an axis (the last by default), exact even where softmax itself is 0: [1000,
 * 0] gives [0, −1000]. A row with ∞, or with nothing but −∞, is NaN, as in `softmax`.
 */
export function logSoftmax(a: Value, axis: Axes = -1): Value {
  const below = sub(a, stopGradient(max(a, axis, true)));
  return sub(below, log(sum(exp(below), axis, true)));
}
