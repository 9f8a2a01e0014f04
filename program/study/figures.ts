import {
  average,
  grouped,
  kendall,
  type Pair,
  quantile,
  rootMeanSquare,
  shiftedErrors,
} from '../fit/statistics.ts';

/** Measured affinity of a compound, and its predictions by several methods. */
export interface Row {
  readonly target: string;
  /** Measured ΔG, in kcal/mol. */
  readonly measured: number;
  /** Predicted ΔG of each method. The keys are the names of the methods. */
  readonly predicted: Readonly<Record<string, number>>;
}

/** Quality of a method of prediction, over all targets. */
export interface Figures {
  /** Root mean square error in kcal/mol, after the predictions of each target are shifted by the best constant. */
  readonly error: number;
  /** Mean of Kendall's τ within targets. */
  readonly tau: number;
}

/** A figure, and the range that holds the middle 95 % of its values over resampled compounds. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Computes the quality of a method from the rows of all targets. */
export function figuresOf(rows: readonly Row[], method: string): Figures {
  const targets = [...grouped(rows, ({ target }) => target).values()].map(group => pairsOf(group, method));
  return {
    error: rootMeanSquare(targets.flatMap(shiftedErrors)),
    tau: average(targets.map(kendall)),
  };
}

/** Returns the measured and predicted ΔG of rows, by one method. */
export function pairsOf(rows: readonly Row[], method: string): Pair[] {
  return rows.map(({ measured, predicted }) => ({ measured, predicted: predicted[method] as number }));
}

/**
 * Draws bootstrap samples of rows (B. Efron, Ann. Stat. 7, 1, 1979): the compounds of each target are drawn with replacement,
 * as many as the target has.
 */
export function resamples(rows: readonly Row[], count: number, random: () => number): Row[][] {
  const targets = [...grouped(rows, ({ target }) => target).values()];
  return Array.from({ length: count }, () =>
    targets.flatMap(group => group.map(() => group[Math.floor(random() * group.length)] as Row)),
  );
}

/** Computes a figure of the rows, and its interval over the samples. */
export function interval(
  rows: readonly Row[],
  samples: readonly (readonly Row[])[],
  figure: (rows: readonly Row[]) => number,
): Interval {
  // The middle 95 % of the values leave out 2.5 % on each side.
  const values = samples.map(figure);
  return { value: figure(rows), low: quantile(values, 0.025), high: quantile(values, 0.975) };
}
