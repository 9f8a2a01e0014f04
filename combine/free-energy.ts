import { checkOptions } from '../engine/options.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { neg } from '../ops/arithmetic/neg.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { betaOf, type Setting, settingOf, type Values } from './settings.ts';

/**
 * The free energy of an ensemble by exponential averaging (R. W. Zwanzig, J. Chem. Phys. 22, 1420, 1954) at temperature
 * kT > 0, in the scorer's energy unit, a number or a function of the parameters. With β = 1/kT and `weight` m_n, 1 unless
 * given,
 *
 *     ΔG = −kT ln(Σ m_n exp(−β ΔG_n) / Σ m_n)        c_n = m_n exp(−β ΔG_n) / Σ m_i exp(−β ΔG_i)
 *
 * It lies between the best pose's ΔG and the mean, and is that of a pose alone; {@link lse} has no division by N.
 *
 * @throws RangeError for kT ≤ 0, or so small that 1/kT overflows (below 5.6e-309), TypeError for an option that there is not
 */
export function freeEnergy<Pose, V extends Values = Values>(
  options: { readonly kT?: Setting<V>; readonly weight?: PoseWeight<Pose> } = {},
): Combination {
  checkOptions('freeEnergy', options, ['kT', 'weight']);
  const { kT = 1, weight } = options;
  if (typeof kT !== 'function') {
    const sigma = -betaOf('freeEnergy', kT);
    return ofScore({ kind: 'freeEnergy', settings: { kT }, sigma, gives: 'log mean' }, weight);
  }
  const kTOf = (params: Values) => settingOf(kT, params);
  return {
    ...pooling({
      name: 'freeEnergy',
      logWeight: (score, { params }) => neg(div(score, kTOf(params))),
      values: false,
      value: ({ logMean }, { params }) => neg(mul(logMean, kTOf(params))),
      weight,
    }),
    learned: { kT },
  };
}
