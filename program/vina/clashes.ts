import type { VinaWeights } from '../../examples/vina/score.ts';

/** True of weights that lower the score of atoms that overlap: nothing holds them apart when such a score is minimised. */
export function rewardsClashes({ repulsion }: Pick<VinaWeights, 'repulsion'>): boolean {
  return (repulsion.data[0] as number) <= 0;
}
