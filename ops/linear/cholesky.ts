import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { sub } from '../arithmetic/sub.ts';
import { sqrt } from '../elementwise/sqrt.ts';
import type { Value } from '../op.ts';
import { entriesOf, matrixOf } from './square-matrix.ts';

/**
 * The lower triangular L with L·Lᵀ = A, for symmetric positive definite matrices [..., n, n] of up to 4 rows. Only the
 * lower triangle of A is read, as in NumPy, so the gradient is zero above the diagonal. If a matrix has a negative
 * eigenvalue, its L contains NaN.
 *
 * @throws RangeError for matrices that are not square or have more than 4 rows
 */
export function cholesky(a: Value): Value {
  const entries = entriesOf('cholesky', a, 4);
  const zero = a.tape.fill(0, a.shape.slice(0, -2));
  const lower: Value[][] = entries.map(() => []);
  const at = (i: number, k: number) => lower[i]?.[k] as Value;
  for (const [i, row] of entries.entries()) {
    for (let k = 0; k <= i; k++) {
      let rest = row[k] as Value;
      for (let j = 0; j < k; j++) rest = sub(rest, mul(at(i, j), at(k, j)));
      lower[i]?.push(i === k ? sqrt(rest) : div(rest, at(k, k)));
    }
  }
  return matrixOf(entries.map((row, i) => row.map((_, k) => (k <= i ? at(i, k) : zero))));
}
