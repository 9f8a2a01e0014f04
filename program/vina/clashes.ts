import type { VinaWeights } from '../../examples/vina/score.ts';

/** True if the weight of repulsion is 0 or less. Nothing keeps atoms apart when such a score is minimised. */
export function rewardsClashes({ repulsion }: Pick<VinaWeights, 'repulsion'>): boolean {
  return (repulsion.data[0] as number) <= 0;
}
