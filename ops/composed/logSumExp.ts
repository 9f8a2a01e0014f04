import { add } from '../arithmetic/add.ts';
import { equal } from '../elementwise/equal.ts';
import { exp } from '../elementwise/exp.ts';
import { log } from '../elementwise/log.ts';
import { stopGradient } from '../elementwise/stopGradient.ts';
import { where } from '../elementwise/where.ts';
import { type Axes, axesOf, reducedShape, type Value, withoutAxes } from '../op.ts';
import { max } from '../reduce/max.ts';
import { sum } from '../reduce/sum.ts';
import { reshape } from '../shape/reshape.ts';
import { difference } from './difference.ts';

/**
 * ln Σ exp(aᵢ), a smooth maximum, along an axis, several, or all. The largest entry is subtracted first, so energies of
 * ±10⁴ neither overflow nor underflow.
 *
 *     ln Σ exp(aᵢ) = m + ln Σ exp(aᵢ − m),  m = max aᵢ
 *
 * If all entries are −∞, or there are none, the result is −∞ with gradient 0. If some are ∞, the result is ∞, and those
 * entries share the gradient.
 */
export function logSumExp(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('logSumExp', axis, a, keepDims);
  const shape = reducedShape(a.shape, axes);
  const isEmpty = axes.some(along => a.shape[along] === 0);
  const result = isEmpty ? a.tape.fill(-Infinity, shape) : shiftedLogSumExp(a, axes);
  return keepDims ? result : reshape(result, withoutAxes(a.shape, axes));
}

/** The result for at least one entry. The axes are kept with length 1. */
function shiftedLogSumExp(a: Value, axes: readonly number[]): Value {
  const largest = stopGradient(max(a, axes, true));
  // If all entries are −∞, 0 is subtracted instead, so that all exponentials, and with them the gradient, are 0.
  const shift = where(equal(largest, -Infinity), 0, largest);
  const total = sum(exp(difference(a, shift)), axes, true);
  return add(shift, where(equal(total, 0), -Infinity, log(total)));
}
