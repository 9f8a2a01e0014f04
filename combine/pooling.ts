import { checkOptions } from '../engine/options.ts';
import { type Combination, combination } from './combination.ts';
import type { Pool, PoolingOptions } from './pool.ts';
import { checkFunction, type Values } from './settings.ts';

/**
 * Your own pooling in one pass. For each pose you record a log-weight ℓ_n and J values p_nj. The values are averaged with the
 * softmax of the log-weights, and ΔG is computed from the averages.
 *
 *     w_n = m_n exp(ℓ_n)/Z        Z = Σ m_n exp(ℓ_n)        p̄_j = Σ w_n p_nj        ΔG = value(p̄, log Z, N, θ)
 *
 * The pose weights m_n are 1 unless `weight` returns others, and N = Σ m_n. The score may be K numbers. `logWeight`, `values`
 * and `value` are written in ops and may read the parameters. The state is 1 + J sums of the size of θ. A pose costs K
 * backward passes under `stream` and one under `recompute`. The default strategy is `recompute` if K or J is above 4 and the
 * poses can be read twice, else `stream`.
 *
 * @throws TypeError for an unknown option or one of the wrong type, or for `values: false` without `value`
 * @example
 * // The score is a confidence and an affinity.
 * pooling({ name: 'gated', logWeight: z => slice(z, 0, 1), values: z => slice(z, 1, 2) });
 */
export function pooling<Pose = unknown, V extends Values = Values>(
  options: PoolingOptions<Pose, V>,
): Combination {
  checkOptions('pooling', options, ['name', 'settings', 'logWeight', 'values', 'value', 'weight']);
  const { name, settings = {}, logWeight, values, value, weight } = options;
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`pooling: name must be a non-empty string, got ${name}`);
  checkFunction(name, 'logWeight', logWeight);
  if (values !== false) checkFunction(name, 'values', values);
  checkFunction(name, 'value', value);
  if (values === false && !value) throw new TypeError(`${name}: values: false needs the option value`);
  for (const [setting, number] of Object.entries(settings)) {
    if (!Number.isFinite(number))
      throw new TypeError(`${name}: setting ${setting} must be a finite number, got ${number}`);
  }
  return combination(
    {
      kind: name,
      settings,
      sigma: 1,
      isOfScore: false,
      usesB: true,
      // p̄, then log Z.
      summary({ r, c, S, M }) {
        return [...c.map((value, j) => value + (M[j] as number) / S), r + Math.log(S)];
      },
      // ∂p̄_j = B_j/S − (M_j/S)(A/S) and ∂log Z = A/S.
      factors({ S, M }, slopes) {
        let a = slopes[M.length] as number;
        const b = Array.from(M, (sum, j) => {
          a -= (slopes[j] as number) * (sum / S);
          return (slopes[j] as number) / S;
        });
        return { a: a / S, b };
      },
    },
    { weight, pool: { logWeight, values, value } as Pool },
  );
}
