import type { GroupScorer, Params, Scorer } from 'posetape/combine';
import { schnet } from '../../examples/schnet/schnet.ts';
import { score, scoreGroup, vinaWeights } from '../../examples/vina/score.ts';

/** The scorers of examples/, both on the 64 poses of imatinib in c-Abl. */
export const scorerNames = ['vina', 'schnet'] as const;
export type ScorerName = (typeof scorerNames)[number];

/** A scorer and its initial parameters. */
export interface ScorerSetUp {
  readonly score: Scorer<unknown, Params>;
  readonly scoreGroup: GroupScorer<unknown, Params>;
  readonly params: Params;
}

/** The settings of the SchNet, in Å. */
export const schnetSizes = { hidden: 24, gaussians: 16, interactions: 2, cutoff: 5 };
export const schnetReach = { neighbours: 8, cutoff: 5, pocket: 5 };

/** A scorer by name, without the types of poses and parameters; only give it its own. */
export function scorer(name: ScorerName): ScorerSetUp {
  if (name === 'vina') return { score, scoreGroup, params: vinaWeights() } as unknown as ScorerSetUp;
  const { weights, ...network } = schnet(schnetSizes);
  return { score: network.score, scoreGroup: network.scoreGroup, params: weights } as unknown as ScorerSetUp;
}
