import { checkOptions } from '../engine/options.ts';
import { type Combination, combination } from './combination.ts';
import type { Pool, PoolingOptions } from './pool.ts';
import { checkFunction, type Values } from './settings.ts';

/**
 * A custom combination in one pass, of the form that nearly all have: a log-weight ℓ_n and values p_n ∈ R^m are recorded for
 * each pose, the values are averaged by the softmax of the log-weights, and ΔG is computed from the averages.
 *
 *     w_n = m_n exp(ℓ_n)/Z        Z = Σ m_n exp(ℓ_n)        p̄ = Σ w_n p_n        ΔG = value(p̄, log Z, N, θ)
 *
 * `score` may return K numbers. All three functions are written in ops and may read the parameters. The state is 1 + m sums of
 * the size of θ. A pose costs K backward passes under `stream` and one under `recompute`. The default is `recompute` if K or m
 * is above 4 and the poses can be read twice, else `stream`.
 *
 * @throws TypeError for an unknown option, or one of the wrong type
 * @example
 * // A confidence and an affinity of each pose.
 * pooling({ name: 'gated', logWeight: z => slice(z, 0, 1), values: z => slice(z, 1, 2) });
 */
export function pooling<Pose = unknown, V extends Values = Values>(
  options: PoolingOptions<Pose, V>,
): Combination {
  checkOptions('pooling', options, ['name', 'settings', 'logWeight', 'values', 'value', 'weight']);
  const { name, settings = {}, logWeight, values, value, weight } = options;
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`pooling: name must be a text, such as 'gated', got ${name}`);
  checkFunction(name, 'logWeight', logWeight);
  if (values !== false) checkFunction(name, 'values', values);
  checkFunction(name, 'value', value);
  if (values === false && !value)
    throw new TypeError(`${name}: without values there is no mean; give a value, made of logSum`);
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
        return [...c.map((each, j) => each + (M[j] as number) / S), r + Math.log(S)];
      },
      // ∂p̄_j = B_j/S − (M_j/S)(A/S) and ∂log Z = A/S.
      factors({ S, M }, slopes) {
        let a = slopes[M.length] as number;
        const b = Array.from(M, (each, j) => {
          a -= (slopes[j] as number) * (each / S);
          return (slopes[j] as number) / S;
        });
        return { a: a / S, b };
      },
    },
    { weight, pool: { logWeight, values, value } as Pool },
  );
}
