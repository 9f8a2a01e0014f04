import { checkOptions } from '../engine/options.ts';
import type { Value } from '../engine/tape.ts';
import { abs } from '../ops/arithmetic/abs.ts';
import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { neg } from '../ops/arithmetic/neg.ts';
import { square } from '../ops/arithmetic/square.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { huber as huberOp } from '../ops/composed/huber.ts';
import { logSoftmax } from '../ops/composed/logSoftmax.ts';
import { mean } from '../ops/composed/mean.ts';
import { greater } from '../ops/elementwise/greater.ts';
import { less } from '../ops/elementwise/less.ts';
import { log } from '../ops/elementwise/log.ts';
import { maximum } from '../ops/elementwise/maximum.ts';
import { softplus } from '../ops/elementwise/softplus.ts';
import { where } from '../ops/elementwise/where.ts';
import { gather } from '../ops/indexing/gather.ts';
import { slice } from '../ops/shape/slice.ts';
import { betaOf, checkFunction, checkPositive } from './settings.ts';

/*
 * Losses by name. Each is of x, the readout if there is one, else ΔG (of a pose, as a poseLoss), and takes its target in
 * the unit of x.
 */

/** A loss of one number; serves as a loss or a poseLoss. */
export type Loss = (prediction: Value) => Value;

/**
 * (x − target)², in the square of the unit of x.
 *
 * @throws RangeError for a target that is not finite
 */
export function squaredError(target: number): Loss {
  checkFinite('squaredError', 'target', target);
  return prediction => square(sub(prediction, target));
}

/**
 * |x − target|, in the unit of x; the slope at the target is 0.
 *
 * @throws RangeError for a target that is not finite
 */
export function absoluteError(target: number): Loss {
  checkFinite('absoluteError', 'target', target);
  return prediction => abs(sub(prediction, target));
}

/**
 * The square near the target and the distance far from it, which outliers pull less (P. J. Huber, Ann. Math. Stat. 35, 73,
 * 1964). With d = x − target and `delta` in the unit of x, default 1,
 *
 *     d²/2 where |d| ≤ delta, else delta (|d| − delta/2)
 *
 * in the square of the unit of x.
 *
 * @throws RangeError for a target that is not finite, or a delta that is not above 0
 */
export function huber(target: number, options: { readonly delta?: number } = {}): Loss {
  checkOptions('huber', options, ['delta']);
  const { delta = 1 } = options;
  checkFinite('huber', 'target', target);
  checkPositive('huber', 'delta', delta);
  return prediction => huberOp(sub(prediction, target), delta);
}

/**
 * A loss for a measurement that is only a bound (J. Tobin, Econometrica 26, 24, 1958): 0 if x satisfies the bound, else `loss`
 * with the bound as its target, by default {@link squaredError}. Its unit is that of `loss`.
 *
 * `bound: 'lower'` says that the true x is at least `measured`, 'upper' that it is at most. Mind the sign: "IC50 > 10 µM" is
 * an upper bound of pIC50.
 *
 * @throws RangeError for a measured value that is not finite, or another bound
 */
export function censored(options: {
  readonly measured: number;
  readonly bound: 'lower' | 'upper';
  readonly loss?: (target: number) => Loss;
}): Loss {
  checkOptions('censored', options, ['measured', 'bound', 'loss']);
  const { measured, bound, loss = squaredError } = options;
  checkFinite('censored', 'measured', measured);
  checkFunction('censored', 'loss', loss);
  if (bound !== 'lower' && bound !== 'upper')
    throw new RangeError(`censored: bound is 'lower' or 'upper', got ${bound}`);
  const exact = loss(measured);
  return prediction => {
    const isOutside = bound === 'lower' ? less(prediction, measured) : greater(prediction, measured);
    return where(isOutside, exact(prediction), 0);
  };
}

/**
 * The negative log-likelihood of a Gaussian, without unit: of mean x and a given `variance`, in the square of the unit of x; or,
 * without one, of two predicted numbers (x, variance), such as {@link spread} gives (D. A. Nix and A. S. Weigend, IEEE Int.
 * Conf. Neural Networks 1, 55, 1994). A predicted variance is taken to be at least `least`, default 1e-6.
 *
 *     (ln(2π variance) + (x − target)²/variance)/2
 *
 * @throws RangeError for a target that is not finite, or a variance that is not above 0
 */
export function gaussianNLL(
  target: number,
  options: { readonly variance?: number; readonly least?: number } = {},
): Loss {
  checkOptions('gaussianNLL', options, ['variance', 'least']);
  const { variance, least = 1e-6 } = options;
  checkFinite('gaussianNLL', 'target', target);
  checkPositive('gaussianNLL', 'least', least);
  if (variance !== undefined) checkPositive('gaussianNLL', 'variance', variance);
  return prediction => {
    if (variance !== undefined) {
      const exponent = div(square(sub(prediction, target)), variance);
      return mul(0.5, add(exponent, Math.log(2 * Math.PI * variance)));
    }
    if (prediction.shape.length !== 1 || prediction.shape[0] !== 2) {
      throw new RangeError(
        `gaussianNLL: give a variance, or predict one: x and variance, shape [2]; got shape [${prediction.shape.join(', ')}]`,
      );
    }
    const predicted = maximum(slice(prediction, 1, 2), least);
    const exponent = div(square(sub(slice(prediction, 0, 1), target)), predicted);
    return mul(0.5, add(exponent, log(mul(2 * Math.PI, predicted))));
  };
}

/**
 * The cross-entropy of the poses, without unit: −ln w of the pose that is right, w being the Boltzmann weights at temperature
 * `kT`, in the scorer's energy unit, default 1. It reads all predictions, so it needs `recompute` or `full-graph`.
 *
 *     ΔG_right/kT + ln Σ exp(−ΔG_n/kT)
 *
 * @param right its place among the poses that are combined, from 0
 * @throws RangeError for a place that is not a whole number from 0, or kT ≤ 0
 */
export function crossEntropy(
  right: number,
  options: { readonly kT?: number } = {},
): (prediction: Value, context: { readonly predictions: Value }) => Value {
  checkOptions('crossEntropy', options, ['kT']);
  if (!(Number.isSafeInteger(right) && right >= 0))
    throw new RangeError(`crossEntropy: right must be the place of a pose, from 0, got ${right}`);
  const beta = betaOf('crossEntropy', options.kT ?? 1);
  return (_prediction, { predictions }) => {
    const [count = 0] = predictions.shape;
    if (right >= count)
      throw new RangeError(`crossEntropy: pose ${right} is right, but there are ${count} poses`);
    return neg(slice(logSoftmax(mul(-beta, predictions)), right, right + 1));
  };
}

/**
 * A pairwise ranking loss over compounds, without unit (RankNet: C. Burges et al., ICML 2005): for each two that were measured
 * differently, how surprising their order is; the mean over these pairs. For the `batchLoss` of `combineBatch`.
 *
 *     mean of ln(1 + exp(−scale (x_i − x_j)))        over i, j with measured_i > measured_j
 *
 * @param measured of each compound, in the order they are read
 * @param options `scale`: in 1/unit of x, default 1
 * @throws RangeError for a measured value that is not finite, none that differ, or a scale that is not above 0
 */
export function pairwiseRanking(
  measured: readonly number[],
  options: { readonly scale?: number } = {},
): (predictions: Value) => Value {
  checkOptions('pairwiseRanking', options, ['scale']);
  const { scale = 1 } = options;
  checkPositive('pairwiseRanking', 'scale', scale);
  for (const [i, number] of measured.entries()) checkFinite('pairwiseRanking', `measured ${i}`, number);
  const pairs = measured.flatMap((high, i) =>
    measured.flatMap((low, j) => (high > low ? [[i, j] as const] : [])),
  );
  if (pairs.length === 0) throw new RangeError('pairwiseRanking: no two compounds were measured differently');
  const [higher, lower] = [pairs.map(([i]) => i), pairs.map(([, j]) => j)];
  return predictions => {
    if (predictions.shape[0] !== measured.length) {
      throw new RangeError(
        `pairwiseRanking: ${measured.length} compounds were measured, but ${predictions.shape[0]} predicted`,
      );
    }
    return mean(softplus(mul(-scale, sub(gather(predictions, higher), gather(predictions, lower)))));
  };
}

/**
 * Σ factor · loss, such as a loss on ΔG and a penalty; of losses that take the same arguments.
 *
 * @throws TypeError for no terms, RangeError for a factor that is not finite
 * @example
 * weightedSum([1, squaredError(-9)], [0.1, absoluteError(-9)]);
 */
export function weightedSum<Given extends readonly unknown[]>(
  ...terms: readonly (readonly [factor: number, loss: (...given: Given) => Value])[]
): (...given: Given) => Value {
  if (terms.length === 0) throw new TypeError('weightedSum: there are no terms');
  for (const [at, [factor, loss]] of terms.entries()) {
    checkFinite('weightedSum', `factor ${at}`, factor);
    checkFunction('weightedSum', `loss ${at}`, loss);
  }
  return (...given) =>
    terms.map(([factor, loss]) => mul(factor, loss(...given))).reduce((total, term) => add(total, term));
}

function checkFinite(owner: string, name: string, number: number): void {
  if (!Number.isFinite(number))
    throw new RangeError(`${owner}: ${name} must be a finite number, got ${number}`);
}
