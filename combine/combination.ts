import type { Value } from '../engine/tape.ts';
import { Accumulator } from './accumulator.ts';
import type { AccumulatorJSON } from './accumulator-json.ts';
import type { Fold } from './fold.ts';

/** How the predictions ΔG_n of a compound's poses become one ΔG. Immutable. */
export interface Combination extends Fold {
  /**
   * A fresh accumulator; or one read back from its JSON, which must be as it was written.
   *
   * @throws TypeError for the state of another combination or setting, RangeError naming the field for anything else
   */
  accumulator(saved?: AccumulatorJSON): Accumulator;
  /** The same combination in ops, of the vector of predictions: what `recompute` and `full-graph` differentiate. */
  combine(predictions: Value): Value;
}

/** Completes a fold and its form in ops to a combination. */
export function combination(fold: Fold, combine: Combination['combine']): Combination {
  return {
    ...fold,
    combine,
    accumulator: saved => (saved === undefined ? new Accumulator(fold) : Accumulator.fromJSON(fold, saved)),
  };
}

/**
 * Each pose's share of the combination: the weights w_n = e_n/S, and the coefficients c_n = ∂ΔG/∂ΔG_n. A prediction
 * that is NaN (a pose left out) has none.
 */
export function sharesOf(
  fold: Fold,
  predictions: Float64Array,
): { weights: Float64Array; coefficients: Float64Array } {
  const present = predictions.filter(prediction => !Number.isNaN(prediction));
  const r = present.reduce((best, prediction) =>
    fold.sigma > 0 ? Math.max(best, prediction) : Math.min(best, prediction),
  );
  const weights = predictions.map(prediction =>
    Number.isNaN(prediction) ? 0 : Math.exp(fold.sigma * (prediction - r)),
  );
  let [S, D] = [0, 0];
  weights.forEach((e, n) => {
    S += e;
    if (e > 0) D += e * ((predictions[n] as number) - r);
  });
  const { a, b } = fold.factors(S, D);
  const coefficients = weights.map((e, n) => (e > 0 ? e * (a + b * ((predictions[n] as number) - r)) : 0));
  return { weights: weights.map(e => e / S), coefficients };
}
