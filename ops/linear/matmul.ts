import type { MatmulForm } from '../../engine/forms.ts';
import { broadcastShapes } from '../../engine/shape.ts';
import { checkValues, defineOp, showShape, type Value } from '../op.ts';
import { broadcastTo } from '../shape/broadcastTo.ts';
import { expandDims } from '../shape/expandDims.ts';
import { reshape } from '../shape/reshape.ts';

/**
 * The matrix product over the last two axes, Cᵢⱼ = Σₖ AᵢₖBₖⱼ. As in NumPy, leading axes broadcast. An operand of one
 * axis is a row if it is on the left, or a column if it is on the right; its added axis is removed from the result.
 *
 *     dA = dC·Bᵀ        dB = Aᵀ·dC
 *
 * @throws RangeError if the summed lengths or the leading axes do not fit, or an operand is a single number
 * @example
 * matmul(features, weights);                    // [9600, 50] and [50, 64] give [9600, 64]
 */
export function matmul(a: Value, b: Value): Value {
  checkValues('matmul', [a, b]);
  if (a.shape.length === 0 || b.shape.length === 0) {
    throw new RangeError(
      `matmul: ${showShape(a.shape)} and ${showShape(b.shape)}: for a single number use mul`,
    );
  }
  const left = a.shape.length === 1 ? expandDims(a, 0) : a;
  const right = b.shape.length === 1 ? expandDims(b, 1) : b;
  const leading = broadcastShapes([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  if (!leading) {
    throw new RangeError(
      `matmul: ${showShape(a.shape)} and ${showShape(b.shape)}: the leading axes do not broadcast`,
    );
  }
  const product = multiply(
    broadcastTo(left, [...leading, ...left.shape.slice(-2)]),
    broadcastTo(right, [...leading, ...right.shape.slice(-2)]),
    false,
    false,
  );
  const outer = [
    ...(a.shape.length === 1 ? [] : left.shape.slice(-2, -1)),
    ...(b.shape.length === 1 ? [] : right.shape.slice(-1)),
  ];
  return reshape(product, [...leading, ...outer]);
}

/** The product. It reads `a` or `b` transposed if its flag is true, so that no derivative rule has to copy a matrix. */
function multiply(a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
  return matmulOp([a, b], transposeA, transposeB);
}

const matmulOp = defineOp({
  name: 'matmul',
  forward: (transposeA: boolean, transposeB: boolean): MatmulForm => ({
    kind: 'matmul',
    transposeA,
    transposeB,
  }),
  vjp: [
    (g, ans, _a, b) => {
      const { transposeA, transposeB } = ans.form;
      return transposeA ? multiply(b, g, transposeB, true) : multiply(g, b, false, !transposeB);
    },
    (g, ans, a) => {
      const { transposeA, transposeB } = ans.form;
      return transposeB ? multiply(g, a, true, transposeA) : multiply(a, g, !transposeA, false);
    },
  ],
});
