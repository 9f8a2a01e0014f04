import { checkOptions } from '../engine/options.ts';
import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { min } from '../ops/composed/min.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { log } from '../ops/elementwise/log.ts';
import { stopGradient } from '../ops/elementwise/stopGradient.ts';
import { max } from '../ops/reduce/max.ts';
import { sum } from '../ops/reduce/sum.ts';
import { type Combination, combination } from './combination.ts';
import { checkOverflow, checkPositive } from './settings.ts';

/**
 * A smooth minimum (sign −1, the default) or maximum (sign +1) of sharpness t > 0, in 1/energy.
 *
 *     ΔG = (s/t) ln Σ exp(s t ΔG_n)        c_n = exp(s t ΔG_n) / Σ exp(s t ΔG_i)
 *
 * For t → ∞ it becomes the best pose's ΔG; it lies below the minimum by at most ln(N)/t.
 *
 * @throws RangeError for t ≤ 0, or so small that ln(N)/t of the most poses one can count overflows (below 2.1e-307), or a sign that is not −1 or 1, TypeError for an option that there is not
 */
export function lse(options: { readonly t?: number; readonly sign?: -1 | 1 } = {}): Combination {
  checkOptions('lse', options, ['t', 'sign']);
  const { t = 1, sign = -1 } = options;
  checkPositive('lse', 't', t);
  checkOverflow('lse', `t of ${t}`, { 'ln(N)/t': Math.log(Number.MAX_SAFE_INTEGER) / t });
  if (sign !== -1 && sign !== 1)
    throw new RangeError(`lse: sign is −1 (smooth minimum) or 1 (smooth maximum), got ${sign}`);
  const sigma = sign * t;
  return combination(
    {
      kind: 'lse',
      settings: { t, sign },
      sigma,
      usesB: false,
      above: S => Math.log(S) / sigma,
      factors: S => ({ a: 1 / S, b: 0 }),
    },
    predictions => {
      const r = stopGradient(sign < 0 ? min(predictions) : max(predictions));
      return add(r, div(log(sum(exp(mul(sigma, sub(predictions, r))))), sigma));
    },
  );
}
