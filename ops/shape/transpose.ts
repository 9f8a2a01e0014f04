import type { TransposeForm } from '../../engine/forms.ts';
import { checkValue, defineOp, kindOf, normaliseAxis, type Value } from '../op.ts';

/**
 * The value with its axes in another order: axis i of the result is axis axes[i] of `a`. By default the order is
 * reversed. Its adjoint is the inverse `transpose`.
 */
export function transpose(a: Value, axes?: readonly number[]): Value {
  checkValue('transpose', a);
  if (axes !== undefined && !Array.isArray(axes))
    throw new TypeError(`transpose: axes are a list of whole numbers, got ${kindOf(axes)}`);
  const order: readonly number[] = axes ?? a.shape.map((_, axis) => a.shape.length - 1 - axis);
  return transposeOp(
    [a],
    order.map(axis => normaliseAxis('transpose', axis, a.shape)),
  );
}

const transposeOp = defineOp({
  name: 'transpose',
  forward: (permutation: readonly number[]): TransposeForm => ({ kind: 'transpose', permutation }),
  vjp: [
    (g, ans) =>
      transpose(
        g,
        ans.form.permutation.map((_, axis) => ans.form.permutation.indexOf(axis)),
      ),
  ],
});
