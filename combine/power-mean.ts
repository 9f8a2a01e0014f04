import { checkOptions } from '../engine/options.ts';
import { div } from '../ops/arithmetic/div.ts';
import { mul } from '../ops/arithmetic/mul.ts';
import { exp } from '../ops/elementwise/exp.ts';
import { log } from '../ops/elementwise/log.ts';
import type { Combination } from './combination.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { type Setting, settingOf, type Values } from './settings.ts';

/**
 * The power mean of positive scores. The exponent q is a nonzero number or a function of the parameters. `weight` returns the
 * pose weight m_n, by default 1. With N = Σ m_n,
 *
 *     ΔG = (Σ m_n ΔG_n^q/N)^(1/q)
 *
 * q = 1 gives the mean and q = −1 the harmonic mean. For q → ∞, ΔG becomes the largest score, for q → −∞ the smallest. A pose
 * whose score is not above 0 is bad.
 *
 * @throws RangeError for a q that is 0 or not finite, TypeError for an unknown option
 */
export function powerMean<Pose, V extends Values = Values>(options: {
  readonly q: Setting<V>;
  readonly weight?: PoseWeight<Pose>;
}): Combination {
  checkOptions('powerMean', options, ['q', 'weight']);
  const { q, weight } = options;
  if (typeof q !== 'function' && !(Number.isFinite(q) && q !== 0))
    throw new RangeError(`powerMean: q must be a finite number other than 0, got ${q}`);
  const qOf = (params: Values) => settingOf(q, params);
  return {
    ...pooling({
      name: 'powerMean',
      ...(typeof q === 'number' && { settings: { q } }),
      logWeight: (score, { params }) => mul(qOf(params), log(score)),
      values: false,
      value: ({ logMean }, { params }) => exp(div(logMean, qOf(params))),
      weight,
    }),
    learned: { q },
  };
}
