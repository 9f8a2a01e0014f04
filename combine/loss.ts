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
 * Named losses of a prediction x. In a `loss`, x is the readout if there is one, else ΔG. In a `poseLoss`, it is the
 * `poseReadout` if there is one, else ΔG_n. Targets are in the unit of x.
 */

/** A loss of a prediction, for the options `loss` and `poseLoss`. */
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
 * |x − target|, in the unit of x. Its slope at the target is 0.
 *
 * @throws RangeError for a target that is not finite
 */
export function absoluteError(target: number): Loss {
  checkFinite('absoluteError', 'target', target);
  return prediction => abs(sub(prediction, target));
}

/**
 * A loss that is quadratic near the target and linear far from it, so that outliers pull less (P. J. Huber, Ann. Math. Stat.
 * 35, 73, 1964), in the square of the unit of x. With y = x − target and `delta` in the unit of x, default 1,
 *
 *     y²/2 where |y| ≤ delta, else delta (|y| − delta/2)
 *
 * @throws RangeError for a target that is not finite, or a `delta` that is not above 0
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
 * With `bound: 'lower'` the true x is at least `measured`, with 'upper' at most. Mind the sign: "IC50 > 10 µM" is an upper
 * bound of pIC50.
 *
 * @throws RangeError for a measured value that is not finite, or a `bound` other than these
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
    throw new RangeError(`censored: bound must be 'lower' or 'upper', got ${bound}`);
  const exact = loss(measured);
  return prediction => {
    const isOutside = bound === 'lower' ? less(prediction, measured) : greater(prediction, measured);
    return where(isOutside, exact(prediction), 0);
  };
}

/**
 * The negative log-likelihood of the target under a Gaussian, without unit. The Gaussian has the mean x and the given
 * `variance`, in the square of the unit of x. Without the option `variance`, the prediction must be two numbers, x and
 * a variance, such as `spread` gives (D. A. Nix and A. S. Weigend, IEEE Int. Conf. Neural Networks 1, 55, 1994). A
 * predicted variance below `least`, default 1e-6, is replaced by `least`.
 *
 *     (ln(2π variance) + (x − target)²/variance)/2
 *
 * @throws RangeError for a target that is not finite, or a `variance` or `least` that is not above 0
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
        `gaussianNLL: give a variance, or predict x and a variance, shape [2]; the prediction has shape [${prediction.shape.join(', ')}]`,
      );
    }
    const predicted = maximum(slice(prediction, 1, 2), least);
    const exponent = div(square(sub(slice(prediction, 0, 1), target)), predicted);
    return mul(0.5, add(exponent, log(mul(2 * Math.PI, predicted))));
  };
}

/**
 * The cross-entropy of the correct pose, without unit: −ln w_n of that pose, with the Boltzmann weights w_n at temperature
 * `kT`, in the scorer's energy unit, default 1. It reads all predictions, so it needs `recompute` or `full-graph`.
 *
 *     ΔG_right/kT + ln Σ exp(−ΔG_n/kT)
 *
 * @param right index of the correct pose from 0, among the poses that are combined
 * @throws RangeError for an index that is not a whole number from 0, or kT ≤ 0. The loss throws a RangeError if there are too
 * few poses
 */
export function crossEntropy(
  right: number,
  options: { readonly kT?: number } = {},
): (prediction: Value, context: { readonly predictions: Value }) => Value {
  checkOptions('crossEntropy', options, ['kT']);
  if (!(Number.isSafeInteger(right) && right >= 0))
    throw new RangeError(`crossEntropy: right must be the index of a pose, from 0, got ${right}`);
  const beta = betaOf('crossEntropy', options.kT ?? 1);
  return (_prediction, { predictions }) => {
    const [count = 0] = predictions.shape;
    if (right >= count)
      throw new RangeError(`crossEntropy: right is ${right}, but there are only ${count} poses`);
    return neg(slice(logSoftmax(mul(-beta, predictions)), right, right + 1));
  };
}

/**
 * A pairwise ranking loss over compounds, for the `batchLoss` of `combineBatch`, without unit (RankNet: C. Burges et al., ICML
 * 2005). It is the mean over all pairs of compounds i and i′ that were measured differently:
 *
 *     mean of ln(1 + exp(−scale (x_i − x_i′)))        over i, i′ with measured_i > measured_i′
 *
 * @param measured the measured value of each compound, in the order in which the compounds are read
 * @param options `scale`: in 1/(unit of x), default 1
 * @throws RangeError for a measured value that is not finite, values that are all equal, or a `scale` that is not above 0
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
  if (pairs.length === 0) throw new RangeError('pairwiseRanking: all compounds have the same measured value');
  const [higher, lower] = [pairs.map(([i]) => i), pairs.map(([, j]) => j)];
  return predictions => {
    if (predictions.shape[0] !== measured.length) {
      throw new RangeError(
        `pairwiseRanking: there are ${measured.length} measured values, but ${predictions.shape[0]} predictions`,
      );
    }
    return mean(softplus(mul(-scale, sub(gather(predictions, higher), gather(predictions, lower)))));
  };
}

/**
 * The weighted sum of several losses, Σ factor · loss. All take the same arguments; an example is a loss on ΔG plus a penalty.
 *
 * @throws TypeError for no terms, RangeError for a factor that is not finite
 * @example
 * weightedSum([1, squaredError(-9)], [0.1, absoluteError(-9)]);
 */
export function weightedSum<Args extends readonly unknown[]>(
  ...terms: readonly (readonly [factor: number, loss: (...args: Args) => Value])[]
): (...args: Args) => Value {
  if (terms.length === 0) throw new TypeError('weightedSum: there are no terms');
  for (const [at, [factor, loss]] of terms.entries()) {
    checkFinite('weightedSum', `factor ${at}`, factor);
    checkFunction('weightedSum', `loss ${at}`, loss);
  }
  return (...args) =>
    terms.map(([factor, loss]) => mul(factor, loss(...args))).reduce((total, term) => add(total, term));
}

function checkFinite(owner: string, name: string, number: number): void {
  if (!Number.isFinite(number))
    throw new RangeError(`${owner}: ${name} must be a finite number, got ${number}`);
}
