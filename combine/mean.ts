import { checkOptions } from '../engine/options.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';

/**
 * The arithmetic mean: every pose counts alike, or by its `weight` m_n.
 *
 *     ΔG = Σ m_n ΔG_n / Σ m_n        c_n = m_n / Σ m_i
 *
 * @throws TypeError for an option that there is not
 */
export function mean<Pose>(options: { readonly weight?: PoseWeight<Pose> } = {}): Combination {
  checkOptions('mean', options, ['weight']);
  return ofScore({ kind: 'mean', settings: {}, sigma: 0, gives: 'average' }, options.weight);
}
