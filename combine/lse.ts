import { checkOptions } from '../engine/options.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { checkOverflow, checkPositive, type Setting, settingOf, type Values } from './settings.ts';

/**
 * A smooth minimum (sign −1, the default) or maximum (sign +1) of sharpness t > 0, in 1/energy: a number, or a function of
 * the parameters. `weight` m_n is 1 unless given.
 *
 *     ΔG = (s/t) ln Σ m_n exp(s t ΔG_n)        c_n = m_n exp(s t ΔG_n) / Σ m_i exp(s t ΔG_i)
 *
 * For t → ∞ it becomes the best pose's ΔG; it lies below the minimum by at most ln(N)/t.
 *
 * @throws RangeError for t ≤ 0, or so small that ln(N)/t of the most poses one can count overflows (below 2.1e-307), or a sign that is not −1 or 1, TypeError for an option that there is not
 */
export function lse<Pose, V extends Values = Values>(
  options: { readonly t?: Setting<V>; readonly sign?: -1 | 1; readonly weight?: PoseWeight<Pose> } = {},
): Combination {
  checkOptions('lse', options, ['t', 'sign', 'weight']);
  const { t = 1, sign = -1, weight } = options;
  if (sign !== -1 && sign !== 1)
    throw new RangeError(`lse: sign is −1 (smooth minimum) or 1 (smooth maximum), got ${sign}`);
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
