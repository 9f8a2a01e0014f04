import type { VinaWeights } from '../../examples/vina/score.ts';

/** True if weights lower the score of overlapping atoms, so that minimising it does not keep them apart. */
export function rewardsClashes({ repulsion }: Pick<VinaWeights, 'repulsion'>): boolean {
  return (repulsion.data[0] as number) <= 0;
}
