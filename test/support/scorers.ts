import type { GroupScorer, Params, Scorer } from 'posetape/combine';
import { schnet } from '../../examples/schnet/schnet.ts';
import { score, scoreGroup, vinaWeights } from '../../examples/vina/score.ts';

/** Names of the scorers of examples/ that tests use. */
export const scorerNames = ['vina', 'schnet'] as const;
export type ScorerName = (typeof scorerNames)[number];

/** A scorer and its initial parameters. */
export interface ScorerSetUp {
  readonly score: Scorer<unknown, Params>;
  readonly scoreGroup: GroupScorer<unknown, Params>;
  readonly params: Params;
}

/** Sizes of the SchNet; its cutoff is in Å. */
export const schnetSizes = { hidden: 24, gaussians: 16, interactions: 2, cutoff: 5 };
/** Limits of the SchNet's edges: the number of neighbours of an atom, and distances in Å. */
export const schnetReach = { neighbours: 8, cutoff: 5, pocket: 5 };

/** Returns a scorer by name. Its type does not tell the format of its poses: give it only poses in that format. */
export function scorer(name: ScorerName): ScorerSetUp {
  if (name === 'vina') return { score, scoreGroup, params: vinaWeights() } as unknown as ScorerSetUp;
  const { weights, ...network } = schnet(schnetSizes);
  return { score: network.score, scoreGroup: network.scoreGroup, params: weights } as unknown as ScorerSetUp;
}
