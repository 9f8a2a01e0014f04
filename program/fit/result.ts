import type { EpochLosses } from 'posetape/fit';
import type { SkippedCompound } from './compounds.ts';
import type { Part } from './dataset.ts';
import { average, grouped, kendall, rootMeanSquare, shiftedErrors } from './statistics.ts';

/** Results of a fit. Energies in kcal/mol. */
export interface FitReport {
  /** Mean losses of each epoch. */
  readonly epochs: readonly EpochLosses[];
  /** Epoch of the final weights. */
  readonly best: number;
  /** Reason for stopping. */
  readonly stopped: string;
  readonly compounds: readonly CompoundResult[];
  /** Errors of the fitted compounds. */
  readonly fitted: PartResult;
  /** Errors of the validation compounds; null if there are none. */
  readonly validation: PartResult | null;
  /** Errors of the compounds left out; null if there are none. */
  readonly leftOut: PartResult | null;
  /** Weights and settings before and after the fit; norms for a network. */
  readonly numbers: readonly FittedNumber[];
  readonly skipped: readonly SkippedCompound[];
}

/** Result of one compound. */
export interface CompoundResult {
  readonly name: string;
  readonly target: string;
  readonly part: Part;
  readonly isFitted: boolean;
  readonly poses: number;
  readonly measured: number;
  /** 'lower' if the true ΔG is at least `measured`, 'upper' if it is at most `measured`; absent for an exact measurement. */
  readonly bound?: 'lower' | 'upper';
  readonly predicted: number;
}

/** Errors over several compounds. Compounds whose affinity is a bound are left out. */
export interface PartResult {
  /** Number of compounds. */
  readonly compounds: number;
  readonly rmse: number;
  /** RMSE of predicting the mean of the fitted compounds for every compound. A useful model has a smaller RMSE. */
  readonly rmseOfMean: number;
  /** RMSE after the best constant shift of each target. */
  readonly rmseWithin: number;
  /** Mean of Kendall's τ within targets of three or more compounds; null if there are no such targets. */
  readonly tau: number | null;
}

/** A number, or the norm of a tensor, before and after the fit. */
export interface FittedNumber {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly isNorm: boolean;
}

/** Computes the errors of each part. */
export function errorsOf(
  results: readonly CompoundResult[],
): Pick<FitReport, 'fitted' | 'validation' | 'leftOut'> {
  const exact = results.filter(({ bound }) => bound === undefined);
  const inPart = (part: Part) => exact.filter(each => each.part === part);
  const fitted = inPart('fitted');
  const center = average(fitted.map(({ measured }) => measured));
  const errors = (set: readonly CompoundResult[]): PartResult | null =>
    set.length > 0 ? partResult(set, center) : null;
  return {
    fitted: errors(fitted) ?? {
      compounds: 0,
      rmse: Number.NaN,
      rmseOfMean: Number.NaN,
      rmseWithin: Number.NaN,
      tau: null,
    },
    validation: errors(inPart('validation')),
    leftOut: errors(inPart('left out')),
  };
}

/**
 * Computes the errors of compounds with exact affinities.
 *
 * @param center constant prediction whose RMSE is `rmseOfMean`
 */
export function partResult(set: readonly CompoundResult[], center: number): PartResult {
  const targets = [...grouped(set, ({ target }) => target).values()];
  const taus = targets.filter(group => group.length > 2).map(kendall);
  return {
    compounds: set.length,
    rmse: rootMeanSquare(set.map(({ predicted, measured }) => predicted - measured)),
    rmseOfMean: rootMeanSquare(set.map(({ measured }) => center - measured)),
    rmseWithin: rootMeanSquare(targets.flatMap(shiftedErrors)),
    tau: taus.length > 0 ? average(taus) : null,
  };
}
