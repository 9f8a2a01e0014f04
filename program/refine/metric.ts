import type { Linkage } from '../molecule/motion.ts';

/**
 * Numbers in place of degrees of freedom: a step of length 1 moves the atoms by 1 Å, by the root mean square of all. So a
 * turn of a long molecule, a turn of a short branch, and a shift are of one scale, which a line search and the gradient's
 * tolerance need.
 */
export interface Metric {
  readonly degrees: number;
  /** Degrees of freedom from the numbers. */
  motion(numbers: Float64Array): Float64Array;
  /** Derivatives by the numbers from those by degrees of freedom. */
  slope(slope: Float64Array): Float64Array;
}

/** Share of its diagonal that is added to the metric, so that degrees which do nearly the same can be told apart. */
const ridge = 1e-3;

/** With M = JᵀJ / atoms = LLᵀ of the slopes J of the coordinates, the numbers are Lᵀ q. */
export function metricOf(linkage: Linkage, coordinates: ArrayLike<number>): Metric {
  const slopes = linkage.slopes(coordinates);
  const degrees = 6 * linkage.ligands + linkage.branches;
  const width = 3 * linkage.atoms;
  const row = (i: number) => slopes.subarray(i * width, (i + 1) * width);
  const lower = new Float64Array(degrees * degrees);
  for (let i = 0; i < degrees; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = dot(row(i), row(j)) / linkage.atoms;
      if (i === j) sum = sum * (1 + ridge) + 1e-12;
      for (let k = 0; k < j; k++)
        sum -= (lower[i * degrees + k] as number) * (lower[j * degrees + k] as number);
      lower[i * degrees + j] = i === j ? Math.sqrt(sum) : sum / (lower[j * degrees + j] as number);
    }
  }
  const at = (i: number, j: number) => lower[i * degrees + j] as number;
  return {
    degrees,
    motion(numbers) {
      const q = numbers.slice();
      for (let i = degrees - 1; i >= 0; i--) {
        for (let j = i + 1; j < degrees; j++) (q[i] as number) -= at(j, i) * (q[j] as number);
        (q[i] as number) /= at(i, i);
      }
      return q;
    },
    slope(slope) {
      const g = slope.slice();
      for (let i = 0; i < degrees; i++) {
        for (let j = 0; j < i; j++) (g[i] as number) -= at(i, j) * (g[j] as number);
        (g[i] as number) /= at(i, i);
      }
      return g;
    },
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
