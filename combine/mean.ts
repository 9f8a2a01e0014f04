import { checkOptions } from '../engine/options.ts';
import type { Combination } from './combination.ts';
import { ofScore } from './of-score.ts';
import type { PoseWeight } from './pool.ts';

/**
 * The arithmetic mean. `weight` returns the pose weight m_n, by default 1. With N = Σ m_n,
 *
 *     ΔG = Σ m_n ΔG_n/N        c_n = m_n/N
 *
 * @throws TypeError for an unknown option
 */
export function mean<Pose>(options: { readonly weight?: PoseWeight<Pose> } = {}): Combination {
  checkOptions('mean', options, ['weight']);
  return ofScore({ kind: 'mean', settings: {}, sigma: 0, gives: 'average' }, options.weight);
}
