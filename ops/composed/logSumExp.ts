import { abs } from '../arithmetic/abs.ts';
import { add } from '../arithmetic/add.ts';
import { sub } from '../arithmetic/sub.ts';
import { exp } from '../elementwise/exp.ts';
import { less } from '../elementwise/less.ts';
import { log } from '../elementwise/log.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import { where } from '../elementwise/where.ts';
import { type Axes, normaliseAxes, type Value, withoutAxes } from '../op.ts';
import { max } from '../reduce/max.ts';
import { sum } from '../reduce/sum.ts';
import { reshape } from '../shape/reshape.ts';

/**
 * ln Σ exp(aᵢ), a smooth maximum, along an axis, several, or all. The largest is taken out first, so energies of ±10⁴
 * neither overflow nor vanish; of −∞ alone it is −∞.
 *
 *     ln Σ exp(aᵢ) = m + ln Σ exp(aᵢ − m),  m = max aᵢ
 */
export function logSumExp(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = normaliseAxes('logSumExp', axis, a.shape);
  const largest = stopGradient(max(a, axes, true));
  // ∞ − ∞ is NaN, so an infinite maximum is not taken out.
  const shift = where(less(abs(largest), Infinity), largest, 0);
  const result = add(shift, log(sum(exp(sub(a, shift)), axes, true)));
  return keepDims ? result : reshape(result, withoutAxes(a.shape, axes));
}
