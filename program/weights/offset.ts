import type { GroupScorer, Params } from 'posetape/combine';
import { add } from 'posetape/ops';

/** Returns a scorer that adds the parameter `offset`, if present, to the score of each pose. */
export function withOffset<Pose>(score: GroupScorer<Pose, Params>): GroupScorer<Pose, Params> {
  return (tape, params, poses) => {
    const scores = score(tape, params, poses);
    const { offset } = params;
    return offset ? add(scores, offset) : scores;
  };
}
