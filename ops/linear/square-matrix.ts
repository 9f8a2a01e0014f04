import { checkValue, showShape, type Value } from '../op.ts';
import { concat } from '../shape/concat.ts';
import { expandDims } from '../shape/expandDims.ts';
import { reshape } from '../shape/reshape.ts';
import { slice } from '../shape/slice.ts';

/*
 * Matrices of a few rows as lists of entries. Each entry is a value whose axes are the leading axes of the matrices.
 * All algebra on entries is elementwise, so a whole batch of matrices takes one loop.
 */

/** The entries of a matrix by row and column. */
export type Entries = readonly (readonly Value[])[];

/**
 * The entries of square matrices of 1 to `mostRows` rows in the last two axes.
 *
 * @throws RangeError naming the op for matrices of another shape
 */
export function entriesOf(name: string, a: Value, mostRows: number): Entries {
  checkValue(name, a);
  const [rows, columns] = a.shape.slice(-2);
  if (a.shape.length < 2 || rows !== columns || rows === 0 || (rows as number) > mostRows) {
    throw new RangeError(
      `${name}: ${showShape(a.shape)}: needs square matrices of 1 to ${mostRows} rows over the last two axes`,
    );
  }
  const leading = a.shape.slice(0, -2);
  const zeros = leading.map(() => 0);
  return Array.from({ length: rows as number }, (_, i) =>
    Array.from({ length: rows as number }, (_, k) =>
      reshape(slice(a, [...zeros, i, k], [...leading, i + 1, k + 1]), leading),
    ),
  );
}

/** The matrices of these entries. */
export function matrixOf(entries: Entries): Value {
  const rows = entries.map(row =>
    concat(
      row.map(entry => expandDims(entry, -1)),
      -1,
    ),
  );
  return concat(
    rows.map(row => expandDims(row, -2)),
    -2,
  );
}
