import type { Linkage } from '../molecule/motion.ts';

/**
 * Scaled coordinates in place of degrees of freedom. A step of length 1 moves the atoms by a root mean square of 1 Å. Shifts,
 * turns of long molecules and turns of short branches thus have one scale, which line searches and a tolerance of the gradient
 * need.
 */
export interface Metric {
  /** Number of degrees of freedom. */
  readonly degrees: number;
  /** Converts scaled coordinates to degrees of freedom. */
  motion(scaled: Float64Array): Float64Array;
  /** Converts derivatives by degrees of freedom to derivatives by scaled coordinates. */
  scaledSlope(slope: Float64Array): Float64Array;
}

/** Fraction by which diagonal entries are increased. The matrix is then positive definite even if degrees of freedom coincide. */
const ridge = 1e-3;

/** Number that is added to each diagonal entry, because the entry of a degree of freedom that moves no atom is 0. */
const leastDiagonal = 1e-12;

/**
 * Makes the metric at the given coordinates. J is the matrix of derivatives of the coordinates by the degrees of freedom q, and
 * L is the Cholesky factor of JᵀJ / atoms, so that LLᵀ = JᵀJ / atoms. The scaled coordinates are Lᵀ q.
 */
export function metricOf(linkage: Linkage, coordinates: ArrayLike<number>): Metric {
  const slopes = linkage.slopes(coordinates);
  // Each ligand has three translations and three rotations.
  const degrees = 6 * linkage.ligands + linkage.branches;
  const width = 3 * linkage.atoms;
  const row = (i: number) => slopes.subarray(i * width, (i + 1) * width);
  // The Cholesky factor L, row by row.
  const lower = new Float64Array(degrees * degrees);
  for (let i = 0; i < degrees; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = dot(row(i), row(j)) / linkage.atoms;
      if (i === j) sum = sum * (1 + ridge) + leastDiagonal;
      for (let k = 0; k < j; k++)
        sum -= (lower[i * degrees + k] as number) * (lower[j * degrees + k] as number);
      lower[i * degrees + j] = i === j ? Math.sqrt(sum) : sum / (lower[j * degrees + j] as number);
    }
  }
  const at = (i: number, j: number) => lower[i * degrees + j] as number;
  return {
    degrees,
    motion(scaled) {
      // Solves Lᵀ q = scaled.
      const q = scaled.slice();
      for (let i = degrees - 1; i >= 0; i--) {
        for (let j = i + 1; j < degrees; j++) (q[i] as number) -= at(j, i) * (q[j] as number);
        (q[i] as number) /= at(i, i);
      }
      return q;
    },
    scaledSlope(slope) {
      // Solves L g = slope.
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
