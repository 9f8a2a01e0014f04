import { checkOptions } from '../engine/options.ts';
import { div } from '../ops/arithmetic/div.ts';
import { neg } from '../ops/arithmetic/neg.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { betaOf, type Setting, settingOf, type Values } from './settings.ts';

/**
 * The thermal average: each pose weighted by its Boltzmann factor at temperature kT > 0, in the scorer's energy unit
 * (0.593 kcal/mol at 298 K; default 1), a number or a function of the parameters. With β = 1/kT and `weight` m_n, 1 unless
 * given,
 *
 *     ΔG = Σ w_n ΔG_n        w_n = m_n exp(−β ΔG_n) / Σ m_i exp(−β ΔG_i)        c_n = w_n (1 − β (ΔG_n − ΔG))
 *
 * For kT → 0 it becomes the best pose's ΔG, for kT → ∞ the mean. A coefficient may be negative: a better weak pose takes
 * weight from the strong ones.
 *
 * @throws RangeError for kT ≤ 0, or so small that 1/kT overflows (below 5.6e-309), TypeError for an option that there is not
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
