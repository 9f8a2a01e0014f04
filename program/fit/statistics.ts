/** A measured number and its prediction. */
export interface Pair {
  readonly measured: number;
  readonly predicted: number;
}

/** Returns the arithmetic mean. */
export function average(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0) / numbers.length;
}

/** Returns the root mean square. */
export function rootMeanSquare(numbers: readonly number[]): number {
  return Math.sqrt(average(numbers.map(each => each ** 2)));
}

/** Returns the errors of predictions after the constant shift that minimises their squares: the errors minus their mean. */
export function shiftedErrors(pairs: readonly Pair[]): number[] {
  const errors = pairs.map(({ measured, predicted }) => predicted - measured);
  const shift = average(errors);
  return errors.map(error => error - shift);
}

/**
 * Returns Kendall's τ_b, corrected for ties (M. G. Kendall, Biometrika 33, 239, 1945). It measures how well two
 * orders agree: 1 for equal orders, −1 for opposite ones. It is 0 if all measured numbers, or all predictions, are equal.
 */
export function kendall(pairs: readonly Pair[]): number {
  let [sum, measuredApart, predictedApart] = [0, 0, 0];
  for (const [i, a] of pairs.entries()) {
    for (const b of pairs.slice(0, i)) {
      const [m, p] = [Math.sign(a.measured - b.measured), Math.sign(a.predicted - b.predicted)];
      sum += m * p;
      measuredApart += m ** 2;
      predictedApart += p ** 2;
    }
  }
  const scale = Math.sqrt(measuredApart * predictedApart);
  return scale === 0 ? 0 : sum / scale;
}

/** Returns Pearson's correlation; 0 if all measured numbers, or all predictions, are equal. */
export function correlation(pairs: readonly Pair[]): number {
  const [x, y] = [average(pairs.map(each => each.measured)), average(pairs.map(each => each.predicted))];
  let [xy, xx, yy] = [0, 0, 0];
  for (const { measured, predicted } of pairs) {
    xy += (measured - x) * (predicted - y);
    xx += (measured - x) ** 2;
    yy += (predicted - y) ** 2;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

/** Returns the p-quantile of numbers, interpolated between neighbours. */
export function quantile(numbers: readonly number[], p: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]] as [number, number];
  return below + (at - Math.floor(at)) * (above - below);
}

/** Groups items by a key. Groups are in the order of their first items. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    groups.set(key(item), group);
    group.push(item);
  }
  return groups;
}
