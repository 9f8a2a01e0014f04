import type { Value } from '../engine/tape.ts';
import { square } from '../ops/arithmetic/square.ts';
import { sub } from '../ops/arithmetic/sub.ts';

/**
 * (x − target)², x being the readout if there is one, else ΔG; `target` in its unit. Serves as a loss or a poseLoss.
 *
 * @throws RangeError for a target that is not finite
 */
export function squaredError(target: number): (prediction: Value) => Value {
  if (!Number.isFinite(target))
    throw new RangeError(`squaredError: target must be a finite number, got ${target}`);
  return prediction => square(sub(prediction, target));
}
