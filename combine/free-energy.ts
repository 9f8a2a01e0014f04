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
 * The free energy of an ensemble by exponential averaging (R. W. Zwanzig, J. Chem. Phys. 22, 1420, 1954) at temperature kT > 0.
 * kT is in the scorer's energy unit, and is a number or a function of the parameters, by default 1. `weight` returns the pose
 * weight m_n, by default 1. With β = 1/kT and N = Σ m_n,
 *
 *     ΔG = −kT ln(Z/N)        Z = Σ m_n exp(−β ΔG_n)        c_n = m_n exp(−β ΔG_n)/Z
 *
 * ΔG lies between that of the best pose and the mean; for a single pose it is the pose's ΔG. {@link lse} does not divide by N.
 *
 * @throws RangeError for kT ≤ 0, or below 5.6e-309, where 1/kT overflows; TypeError for an unknown option
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
