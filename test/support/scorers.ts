import type { GroupScorer, Params, Scorer } from 'posetape/combine';
import { schnet } from '../../examples/schnet/schnet.ts';
import { score, scoreGroup, vinaWeights } from '../../examples/vina/score.ts';

/** The scorers of examples/, both on the 64 poses of imatinib in c-Abl. */
export const scorerNames = ['vina', 'schnet'] as const;
export type ScorerName = (typeof scorerNames)[number];

/** A scorer with what it starts from. */
export interface ScorerSetUp {
  readonly score: Scorer<unknown, Params>;
  readonly scoreGroup: GroupScorer<unknown, Params>;
  readonly params: Params;
}

/** Of the SchNet, in Å. */
export const schnetSizes = { hidden: 24, gaussians: 16, interactions: 2, cutoff: 5 };
export const schnetReach = { neighbours: 8, cutoff: 5, pocket: 5 };

/** The types of poses and parameters are dropped: the caller gives a scorer only those that belong to it. */
export function scorer(name: ScorerName): ScorerSetUp {
  if (name === 'vina') return { score, scoreGroup, params: vinaWeights() } as unknown as ScorerSetUp;
  const { weights, ...network } = schnet(schnetSizes);
  return { score: network.score, scoreGroup: network.scoreGroup, params: weights } as unknown as ScorerSetUp;
}
