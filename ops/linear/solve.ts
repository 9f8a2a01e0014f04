import { add } from '../arithmetic/add.ts';
import { sub } from '../arithmetic/sub.ts';
import { checkValues, showShape, type Value } from '../op.ts';
import { expandDims } from '../shape/expandDims.ts';
import { reshape } from '../shape/reshape.ts';
import { inverseOf } from './inverse.ts';
import { matmul } from './matmul.ts';

/**
 * The solution x of A·x = b for matrices A [..., n, n] of up to 4 rows: b is [n], or columns [..., n, k]. Leading axes
 * broadcast. x is computed from the inverse and refined once, to x + A⁻¹(b − A·x). So A·x is b within a few roundings
 * for condition numbers up to 10⁶.
 *
 * @throws RangeError for matrices that are not square or have more than 4 rows, or if the lengths do not fit
 */
export function solve(a: Value, b: Value): Value {
  checkValues('solve', [a, b]);
  const n = a.shape.at(-1);
  if (a.shape.length >= 2 && b.shape.at(b.shape.length === 1 ? 0 : -2) !== n) {
    throw new RangeError(
      `solve: ${showShape(a.shape)} and ${showShape(b.shape)}: the right side is [${n}] or columns [..., ${n}, k]`,
    );
  }
  // A matrix of one column, since `matmul` would treat a single axis differently.
  const columns = b.shape.length === 1 ? expandDims(b, 1) : b;
  const inverted = inverseOf('solve', a);
  const x = matmul(inverted, columns);
  const refined = add(x, matmul(inverted, sub(columns, matmul(a, x))));
  return b.shape.length === 1 ? reshape(refined, refined.shape.slice(0, -1)) : refined;
}
