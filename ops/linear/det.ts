import type { Value } from '../op.ts';
import { Minors } from './minors.ts';
import { entriesOf } from './square-matrix.ts';

/**
 * The determinants of matrices [..., n, n] of up to 4 rows, by cofactors. The error is a few roundings of the products
 * that are added up.
 *
 * @throws RangeError for matrices that are not square or have more than 4 rows
 */
export function det(a: Value): Value {
  return new Minors(entriesOf('det', a, 4)).determinant();
}
