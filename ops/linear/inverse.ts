import { div } from '../arithmetic/div.ts';
import type { Value } from '../op.ts';
import { Minors } from './minors.ts';
import { entriesOf, matrixOf } from './square-matrix.ts';

/**
 * The inverses of matrices [..., n, n] of up to 4 rows, computed as cofactors divided by the determinant. If the
 * determinant is 0, the result is NaN or infinite.
 *
 *     A⁻¹ᵢₖ = Cₖᵢ/det A
 *
 * A·A⁻¹ differs from the identity by some 10⁻¹⁵ for nearly orthogonal matrices, by 10⁻¹² for a condition number of 10³,
 * and by 10⁻⁷ for a condition number of 10⁶. For A⁻¹·b use {@link solve}, which refines its result.
 *
 * @throws RangeError for matrices that are not square or have more than 4 rows
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
