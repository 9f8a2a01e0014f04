import { div } from '../arithmetic/div.ts';
import type { Value } from '../op.ts';
import { Minors } from './minors.ts';
import { entriesOf, matrixOf } from './square-matrix.ts';

/**
 * The inverses of matrices [..., n, n] of up to 4 rows, by cofactors over the determinant. NaN or infinite where the
 * determinant is 0.
 *
 *     A⁻¹ᵢₖ = Cₖᵢ/det A
 *
 * A·A⁻¹ is off from the identity by some 10⁻¹⁵ for matrices near orthogonal, 10⁻¹² at a condition number of 10³ and 10⁻⁷ at
 * 10⁶. Of a product A⁻¹·b take {@link solve}, which is refined.
 *
 * @throws RangeError for matrices that are not square, or of more rows
 */
export function inverse(a: Value): Value {
  return inverseOf('inverse', a);
}

/** {@link inverse}, with the name of the op in errors. */
export function inverseOf(name: string, a: Value): Value {
  const entries = entriesOf(name, a, 4);
  if (entries.length === 1) return div(1, a);
  const minors = new Minors(entries);
  const determinant = minors.determinant();
  return matrixOf(entries.map((row, i) => row.map((_, k) => div(minors.cofactor(k, i), determinant))));
}
