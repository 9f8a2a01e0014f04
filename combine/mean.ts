import { mean as meanOf } from '../ops/composed/mean.ts';
import { type Combination, combination } from './combination.ts';

/**
 * The arithmetic mean: every pose counts alike.
 *
 *     ΔG = Σ ΔG_n / N        c_n = 1/N
 */
export function mean(): Combination {
  return combination(
    {
      kind: 'mean',
      settings: {},
      sigma: 0,
      usesB: false,
      above: (S, D) => D / S,
      factors: S => ({ a: 1 / S, b: 0 }),
    },
    predictions => meanOf(predictions),
  );
}
