import type { Combination } from 'posetape/combine';

/** ΔG, weights and coefficients by the textbook formulas. */
export interface Shares {
  readonly value: number;
  readonly weights: number[];
  readonly coefficients: number[];
  /**
   * For each coefficient, the sum of the magnitudes of its terms: w_n + w_n β|ΔG_n − ΔG| for Boltzmann. If the terms
   * cancel, the coefficient still has their rounding errors.
   */
  readonly sizes: number[];
}

/** Computes a combination of all predictions at once. */
export function sharesOf({ kind, sigma }: Combination, predictions: readonly number[]): Shares {
  const best = sigma > 0 ? Math.max(...predictions) : Math.min(...predictions);
  const terms = predictions.map(prediction => Math.exp(sigma * (prediction - best)));
  const total = terms.reduce((sum, term) => sum + term, 0);
  const weights = terms.map(term => term / total);
  if (kind === 'lse' || kind === 'freeEnergy') {
    const Z = kind === 'lse' ? total : total / predictions.length;
    return { value: best + Math.log(Z) / sigma, weights, coefficients: weights, sizes: weights };
  }
  if (kind !== 'mean' && kind !== 'boltzmann') throw new TypeError(`the textbook has no ${kind}`);
  const offset = weights.reduce((sum, w, n) => sum + w * ((predictions[n] as number) - best), 0);
  const tilt = (n: number) => sigma * ((predictions[n] as number) - best - offset);
  return {
    value: best + offset,
    weights,
    coefficients: weights.map((w, n) => w * (1 + tilt(n))),
    sizes: weights.map((w, n) => w * (1 + Math.abs(tilt(n)))),
  };
}

/** Σ_n factor_n slope_n, entry by entry. */
export function weighted(factors: readonly number[], slopes: readonly ArrayLike<number>[]): Float64Array {
  const total = new Float64Array(slopes[0]?.length ?? 0);
  for (const [n, slope] of slopes.entries()) {
    for (let i = 0; i < total.length; i++)
      (total[i] as number) += (factors[n] as number) * (slope[i] as number);
  }
  return total;
}

/**
 * Σ_n |factor_n||slope_n|, entry by entry: the scale to which errors of {@link weighted} are relative. It is at least
 * 1e-290, since numbers near 1e-308 have fewer digits.
 */
export function reachOf(factors: ArrayLike<number>, slopes: readonly ArrayLike<number>[]): Float64Array {
  const magnitudes = slopes.map(slope => Array.from(slope, Math.abs));
  return weighted(Array.from(factors, Math.abs), magnitudes).map(sum => sum + 1e-290);
}
