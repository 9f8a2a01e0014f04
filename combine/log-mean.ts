import type { Value } from '../engine/tape.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { expm1 } from '../ops/elementwise/expm1.ts';
import { greater } from '../ops/elementwise/greater.ts';
import { log } from '../ops/elementwise/log.ts';
import { log1p } from '../ops/elementwise/log1p.ts';
import { where } from '../ops/elementwise/where.ts';
import { sum } from '../ops/reduce/sum.ts';
import type { Moments } from './fold.ts';

/*
 * The log mean ln(Σ m_n exp(x_n)/N) of exponents x_n, with N = Σ m_n. If all x_n are near 0, as at a high temperature,
 * the mean of exp(x_n) is near 1, and its logarithm loses digits. The mean of exp(x_n) − 1 keeps its digits, and log1p
 * of it is the log mean.
 */

/** Computes ln(S/N) from the sums of an accumulator. */
export function logMeanOf({ S, N, excess }: Pick<Moments, 'S' | 'N' | 'excess'>): number {
  return excess > -N / 2 ? Math.log1p(excess / N) : Math.log(S / N);
}

/** Records the log mean of exponents of shape [poses]. */
export function recordLogMean(exponents: Value, weights: readonly number[] | undefined): Value {
  const { tape, shape } = exponents;
  const m = weights && tape.constant(Float64Array.from(weights));
  const N = weights ? weights.reduce((total, weight) => total + weight, 0) : (shape[0] as number);
  const mean = (factors: Value) => div(sum(m ? mul(m, factors) : factors), N);
  const excess = mean(expm1(exponents));
  return where(greater(excess, -0.5), log1p(excess), log(mean(exp(exponents))));
}
