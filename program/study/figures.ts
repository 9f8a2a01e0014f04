import {
  average,
  grouped,
  kendall,
  type Pair,
  quantile,
  rootMeanSquare,
  shiftedErrors,
} from '../fit/statistics.ts';

/** Measured affinity of a compound, and those predicted in several ways. */
export interface Row {
  readonly target: string;
  readonly measured: number;
  /** By the name of the way. */
  readonly predicted: Readonly<Record<string, number>>;
}

/** Figures of a way to predict, over targets. */
export interface Figures {
  /** Root mean square error after the best shift of each target, kcal/mol. */
  readonly error: number;
  /** Mean of Kendall's τ within targets. */
  readonly tau: number;
}

/** A number, and the middle 95 % of it over resampled compounds. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Figures of one way, over rows of all targets. */
export function figuresOf(rows: readonly Row[], way: string): Figures {
  const targets = [...grouped(rows, ({ target }) => target).values()].map(group => pairsOf(group, way));
  return {
    error: rootMeanSquare(targets.flatMap(shiftedErrors)),
    tau: average(targets.map(kendall)),
  };
}

/** Pairs of some rows. */
export function pairsOf(rows: readonly Row[], way: string): Pair[] {
  return rows.map(({ measured, predicted }) => ({ measured, predicted: predicted[way] as number }));
}

/**
 * Resamples of rows by the bootstrap (B. Efron, Ann. Stat. 7, 1, 1979): of each target as many compounds as there are, drawn
 * with replacement.
 */
export function resamples(rows: readonly Row[], count: number, random: () => number): Row[][] {
  const targets = [...grouped(rows, ({ target }) => target).values()];
  return Array.from({ length: count }, () =>
    targets.flatMap(group => group.map(() => group[Math.floor(random() * group.length)] as Row)),
  );
}

/** A figure with its interval. */
export function interval(
  rows: readonly Row[],
  samples: readonly (readonly Row[])[],
  figure: (rows: readonly Row[]) => number,
): Interval {
  const found = samples.map(figure);
  return { value: figure(rows), low: quantile(found, 0.025), high: quantile(found, 0.975) };
}
