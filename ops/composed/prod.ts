import { mul } from '../arithmetic/mul.ts';
import { type Axes, axesOf, reducedShape, sizeOf, type Value, withoutAxes } from '../op.ts';
import { concat } from '../shape/concat.ts';
import { reshape } from '../shape/reshape.ts';
import { slice } from '../shape/slice.ts';
import { transpose } from '../shape/transpose.ts';

/**
 * The product along an axis, several, or all; the product of no numbers is 1. In each of about log₂ n steps, one half
 * of the factors is multiplied with the other. Nothing is divided, so gradients of any order are right for zeros and
 * negative numbers. Most lengths between the same powers of two share a plan.
 *
 *     d Π aᵢ = Σ (Π of the others)·daᵢ
 */
export function prod(a: Value, axis?: Axes, keepDims = false): Value {
  const axes = axesOf('prod', axis, a, keepDims);
  const shape = keepDims ? reducedShape(a.shape, axes) : withoutAxes(a.shape, axes);
  const count = sizeOf(axes.map(along => a.shape[along] as number));
  if (count === 0) return a.tape.fill(1, shape);
  const others = a.shape.map((_, along) => along).filter(along => !axes.includes(along));
  const factors = reshape(transpose(a, [...axes, ...others]), [
    count,
    ...others.map(along => a.shape[along] as number),
  ]);
  return reshape(productOf(factors, count), shape);
}

/** The product of `count` rows, as one row. */
function productOf(rows: Value, count: number): Value {
  if (count === 1) return rows;
  // The largest power of two below `count`. The rows from row `half` on are multiplied with the first rows.
  const half = 2 ** Math.ceil(Math.log2(count) - 1);
  const rest = count - half;
  const products = mul(slice(rows, 0, rest), slice(rows, half));
  return productOf(rest === half ? products : concat([products, slice(rows, rest, half)]), half);
}
