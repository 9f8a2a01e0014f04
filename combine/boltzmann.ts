import { checkOptions } from '../engine/options.ts';
import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { sum } from '../ops/reduce/sum.ts';
import { type Combination, combination } from './combination.ts';
import { checkOverflow, checkPositive } from './settings.ts';

/**
 * The thermal average: each pose weighted by its Boltzmann factor at temperature kT > 0, in the scorer's energy unit
 * (0.593 kcal/mol at 298 K; default 1). With β = 1/kT,
 *
 *     ΔG = Σ w_n ΔG_n        w_n = exp(−β ΔG_n) / Σ exp(−β ΔG_i)        c_n = w_n (1 − β (ΔG_n − ΔG))
 *
 * For kT → 0 it becomes the best pose's ΔG, for kT → ∞ the mean. A coefficient may be negative: a better weak pose takes
 * weight from the strong ones.
 *
 * @throws RangeError for kT ≤ 0, or so small that 1/kT overflows (below 5.6e-309), TypeError for an option that there is not
 */
export function boltzmann(options: { readonly kT?: number } = {}): Combination {
  checkOptions('boltzmann', options, ['kT']);
  const { kT = 1 } = options;
  checkPositive('boltzmann', 'kT', kT);
  const sigma = -1 / kT;
  checkOverflow('boltzmann', `kT of ${kT}`, { '1/kT': sigma });
  return combination(
    {
      kind: 'boltzmann',
      settings: { kT },
      sigma,
      usesB: true,
      above: (S, D) => D / S,
      factors: (S, D) => ({ a: (1 - sigma * (D / S)) / S, b: sigma / S }),
    },
    predictions => {
      const r = stopGradient(min(predictions));
      const above = sub(predictions, r);
      const e = exp(mul(sigma, above));
      return add(r, sum(mul(div(e, sum(e)), above)));
    },
  );
}
