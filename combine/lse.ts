import { checkOptions } from '../engine/options.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { checkOverflow, checkPositive, type Setting, settingOf, type Values } from './settings.ts';

/**
 * A smooth minimum (`sign` s = −1, the default) or maximum (s = 1). The sharpness t > 0, in 1/energy, is a number or a function
 * of the parameters, by default 1. `weight` returns the pose weight m_n, by default 1.
 *
 *     ΔG = ln(Z)/(s t)        Z = Σ m_n exp(s t ΔG_n)        c_n = m_n exp(s t ΔG_n)/Z
 *
 * For t → ∞, ΔG becomes the smallest ΔG_n (s = −1) or the largest (s = 1). Without pose weights it differs from that ΔG_n by at
 * most ln(number of poses)/t.
 *
 * @throws RangeError for t ≤ 0, a t below 2.1e-307, for which ΔG could overflow, or a sign other than −1 and 1; TypeError for
 * an unknown option
 */
export function lse<Pose, V extends Values = Values>(
  options: { readonly t?: Setting<V>; readonly sign?: -1 | 1; readonly weight?: PoseWeight<Pose> } = {},
): Combination {
  checkOptions('lse', options, ['t', 'sign', 'weight']);
  const { t = 1, sign = -1, weight } = options;
  if (sign !== -1 && sign !== 1) throw new RangeError(`lse: sign must be −1 or 1, got ${sign}`);
  if (typeof t === 'function') {
    const sigma = (params: Values) => mul(sign, settingOf(t, params));
    return {
      ...pooling({
        name: 'lse',
        settings: { sign },
        logWeight: (score, { params }) => mul(sigma(params), score),
        values: false,
        value: ({ logSum }, { params }) => div(logSum, sigma(params)),
        weight,
      }),
      learned: { t },
    };
  }
  checkPositive('lse', 't', t);
  checkOverflow('lse', `t of ${t}`, { 'ln(N)/t': Math.log(Number.MAX_SAFE_INTEGER) / t });
  return ofScore({ kind: 'lse', settings: { t, sign }, sigma: sign * t, gives: 'log sum' }, weight);
}
