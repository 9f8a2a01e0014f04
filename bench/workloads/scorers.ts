import type { Params, Scorer } from 'posetape/combine';
import { schnet } from '../../examples/schnet/schnet.ts';
import { score, vinaWeights } from '../../examples/vina/score.ts';

/** The scorers that memory and time are measured with, both on the 64 poses of imatinib in c-Abl. */
export const scorerNames = ['vina', 'schnet'] as const;
export type ScorerName = (typeof scorerNames)[number];

export const scorerTitles: Readonly<Record<ScorerName, string>> = { vina: 'Vina', schnet: 'SchNet' };

/** A scorer with what it starts from. */
export interface ScorerSetUp {
  readonly score: Scorer<unknown, Params>;
  readonly params: Params;
}

/** Of the SchNet of the report, in Å; small enough for a thousand poses in a full graph. */
export const schnetSizes = { hidden: 24, gaussians: 16, interactions: 2, cutoff: 5 };
export const schnetReach = { neighbours: 8, cutoff: 5, pocket: 5 };

export function scorer(name: ScorerName): ScorerSetUp {
  if (name === 'vina') return erased(score, vinaWeights());
  const network = schnet(schnetSizes);
  return erased(network.score, network.weights);
}

/** Drops the types of poses and parameters; the caller gives a scorer only those that belong to it. */
function erased<Pose, P extends Params>(score: Scorer<Pose, P>, params: P): ScorerSetUp {
  return { score: score as unknown as ScorerSetUp['score'], params };
}
