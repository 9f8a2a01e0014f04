import { repeat } from '../../engine/fan-out.ts';
import type { Shape } from '../../engine/shape.ts';
import { checkValue, type Value } from '../op.ts';

/**
 * The value repeated to `shape` by NumPy's rule: the shapes are aligned at the last axis, and axes of length 1 or
 * missing axes are repeated. Elementwise ops do this by themselves. The adjoint is a `sum` over the repetitions.
 *
 * @throws RangeError if the shape does not fit
 */
export function broadcastTo(a: Value, shape: Shape): Value {
  checkValue('broadcastTo', a);
  return repeat(a, shape);
}
