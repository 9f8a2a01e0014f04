import { repeat } from '../../engine/fan-out.ts';
import type { Shape } from '../../engine/shape.ts';
import { checkValue, type Value } from '../op.ts';

/**
 * The value repeated to `shape` by NumPy's rule: aligned at the last axis, axes of length 1 repeat. Elementwise ops
 * broadcast without it. Its adjoint is `sum` over the repetitions.
 *
 * @throws RangeError if the shape does not fit
 */
export function broadcastTo(a: Value, shape: Shape): Value {
  checkValue('broadcastTo', a);
  return repeat(a, shape);
}
