import type { EpochLosses } from 'posetape/fit';
import type { SkippedCompound } from './compounds.ts';
import type { Part } from './dataset.ts';
import { average, grouped, kendall, rootMeanSquare, shiftedErrors } from './statistics.ts';

/** Findings of a fit. Energies in kcal/mol. */
export interface FitReport {
  /** Mean losses by epoch. */
  readonly epochs: readonly EpochLosses[];
  /** Epoch whose weights are kept. */
  readonly best: number;
  readonly stopped: string;
  readonly compounds: readonly CompoundResult[];
  /** By part; null for a part without compounds. */
  readonly fitted: PartResult;
  readonly validation: PartResult | null;
  readonly leftOut: PartResult | null;
  /** Numbers that were fitted, before and after; the weights of a network by their norm. */
  readonly numbers: readonly FittedNumber[];
  readonly skipped: readonly SkippedCompound[];
}

/** One compound after the fit. */
export interface CompoundResult {
  readonly name: string;
  readonly target: string;
  readonly part: Part;
  readonly isFitted: boolean;
  readonly poses: number;
  readonly measured: number;
  /** Side of `measured` on which the true value lies, if it is a bound. */
  readonly bound?: 'lower' | 'upper';
  readonly predicted: number;
}

/** Errors over several compounds, without those whose affinity is a bound. */
export interface PartResult {
  readonly compounds: number;
  readonly rmse: number;
  /** RMSE of predicting the mean of the fitted compounds for every compound: a model must beat this. */
  readonly rmseOfMean: number;
  /** RMSE after the best constant shift of each target. */
  readonly rmseWithin: number;
  /** Mean of Kendall's τ within targets of three or more compounds; null if there are none. */
  readonly tau: number | null;
}

/** A number, or the norm of several, before and after the fit. */
export interface FittedNumber {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly isNorm: boolean;
}

/** Errors of each part. */
export function errorsOf(
  results: readonly CompoundResult[],
): Pick<FitReport, 'fitted' | 'validation' | 'leftOut'> {
  const exact = results.filter(({ bound }) => bound === undefined);
  const of = (part: Part) => exact.filter(each => each.part === part);
  const fitted = of('fitted');
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
    validation: errors(of('validation')),
    leftOut: errors(of('left out')),
  };
}

/** Errors of compounds, none of which is a bound. */
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
