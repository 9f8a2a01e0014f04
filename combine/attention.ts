import { checkOptions } from '../engine/options.ts';
import type { Value } from '../engine/tape.ts';
import { slice } from '../ops/shape/slice.ts';
import type { Combination } from './combination.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { checkFunction, type Values } from './settings.ts';

/**
 * Gated pooling. For each pose the scorer returns K numbers z_n, K ≥ 2: a log-weight and K − 1 values, such as a confidence and
 * an affinity. The values are averaged with the softmax of the log-weights. (A simple case of M. Ilse, J. M. Tomczak, M.
 * Welling, *Attention-based deep multiple instance learning*, ICML 2018.)
 *
 *     ΔG = Σ w_n (z_n2, …, z_nK)        w_n = m_n exp(z_n1)/Z        Z = Σ m_n exp(z_n1)
 *
 * `weight` returns the pose weight m_n, by default 1.
 *
 * @throws TypeError for an unknown option
 */
export function gated<Pose>(options: { readonly weight?: PoseWeight<Pose> } = {}): Combination {
  checkOptions('gated', options, ['weight']);
  return pooling({
    name: 'gated',
    logWeight: score => slice(checkTwo(score), 0, 1),
    values: score => slice(score, 1, score.shape[0]),
    weight: options.weight,
  });
}

function checkTwo(score: Value): Value {
  if ((score.shape[0] ?? 1) >= 2) return score;
  throw new RangeError(
    'gated: score must return a log-weight and a value, shape [2] or longer, got one number',
  );
}

/**
 * Attention pooling. For each pose the scorer returns an embedding z_n of K numbers. The embeddings are averaged with the
 * softmax of `logWeight`, and `head` computes ΔG from the average. Both may use the parameters. (M. Ilse, J. M. Tomczak, M.
 * Welling, *Attention-based deep multiple instance learning*, ICML 2018.)
 *
 *     ΔG = head(Σ w_n z_n, θ)        w_n = m_n exp(logWeight(z_n, θ))/Z        Z = Σ m_n exp(logWeight(z_n, θ))
 *
 * `weight` returns the pose weight m_n, by default 1.
 *
 * @throws TypeError for an unknown option, or one that is not a function
 * @example
 * attention<Pose, { query: Value; out: Value }>({
 *   logWeight: (z, { query }) => sum(mul(query, tanh(z))),
 *   head: (z, { out }) => sum(mul(out, z)),
 * });
 */
export function attention<Pose, V extends Values = Values>(options: {
  readonly logWeight: (embedding: Value, params: V) => Value;
  readonly head: (average: Value, params: V) => Value;
  readonly weight?: PoseWeight<Pose>;
}): Combination {
  checkOptions('attention', options, ['logWeight', 'head', 'weight']);
  const { logWeight, head, weight } = options;
  for (const [name, option] of Object.entries({ logWeight, head }))
    checkFunction('attention', name, option ?? null);
  return pooling<Pose, V>({
    name: 'attention',
    logWeight: (score, { params }) => logWeight(score, params),
    value: ({ mean }, { params }) => head(mean, params),
    weight,
  });
}
