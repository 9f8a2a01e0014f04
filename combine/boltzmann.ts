import { checkOptions } from '../engine/options.ts';
import { div } from '../ops/arithmetic/div.ts';
import { neg } from '../ops/arithmetic/neg.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { betaOf, type Setting, settingOf, type Values } from './settings.ts';

/**
 * The thermal average: the mean with Boltzmann weights w_n at temperature kT > 0. kT is in the scorer's energy unit (0.593
 * kcal/mol at 298 K), and is a number or a function of the parameters, by default 1. `weight` returns the pose weight m_n, by
 * default 1. With β = 1/kT,
 *
 *     ΔG = Σ w_n ΔG_n    w_n = m_n exp(−β ΔG_n)/Z    Z = Σ m_n exp(−β ΔG_n)    c_n = w_n (1 − β (ΔG_n − ΔG))
 *
 * For kT → 0, ΔG becomes that of the best pose, for kT → ∞ the mean. A coefficient c_n may be negative: a weak pose
 * that improves takes Boltzmann weight from the strong ones, which can raise ΔG.
 *
 * @throws RangeError for kT ≤ 0, or below 5.6e-309, where 1/kT overflows; TypeError for an unknown option
 */
export function boltzmann<Pose, V extends Values = Values>(
  options: { readonly kT?: Setting<V>; readonly weight?: PoseWeight<Pose> } = {},
): Combination {
  checkOptions('boltzmann', options, ['kT', 'weight']);
  const { kT = 1, weight } = options;
  if (typeof kT !== 'function') {
    const sigma = -betaOf('boltzmann', kT);
    return ofScore({ kind: 'boltzmann', settings: { kT }, sigma, gives: 'average' }, weight);
  }
  return {
    ...pooling({
      name: 'boltzmann',
      logWeight: (score, { params }) => neg(div(score, settingOf(kT, params))),
      weight,
    }),
    learned: { kT },
  };
}
