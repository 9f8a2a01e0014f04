import { type Tape, tensor } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import { div, exp, sum } from 'posetape/ops';
import { networkOf, networkPoses } from '../workloads/network.ts';
import { densePoses, pairLists, pairParams, scoreDense, scoreList } from '../workloads/pairs.ts';
import { scorer } from '../workloads/scorers.ts';
import type { Ingredients } from './names.ts';

/** Poses with what scores them. */
export interface Task {
  readonly poses: readonly unknown[];
  readonly params: Params;
  readonly score: Scorer<unknown, Params>;
}

/** A workload, here or in a page. `depth` is of the tiny one. */
export function taskOf(ingredients: Ingredients, depth: number): Task {
  switch (ingredients.workload) {
    case 'network': {
      const { data } = ingredients;
      return erased({ ...networkOf(data), poses: networkPoses(data, data.poses) });
    }
    case 'list': {
      const { data } = ingredients;
      return erased({ poses: pairLists(data, data.poses), params: pairParams(data), score: scoreList });
    }
    case 'dense': {
      const { data } = ingredients;
      return erased({ poses: densePoses(data, data.poses), params: pairParams(data), score: scoreDense });
    }
    case 'vina':
    case 'schnet':
      return { ...scorer(ingredients.workload), poses: ingredients.poses };
    case 'tiny':
      return erased(tiny(depth));
  }
}

/**
 * x ← x / Σ exp x, over and over, for four numbers: each sum and each quotient is a kernel of next to no work, as the next
 * needs it whole.
 */
function tiny(depth: number) {
  const score = (_: Tape, { x }: { x: Parameters<typeof exp>[0] }) => {
    let each = x;
    for (let i = 0; i < depth; i++) each = div(each, sum(exp(each)));
    return sum(each);
  };
  return { poses: [null, null], params: { x: tensor([0.1, 0.2, 0.3, 0.4]) }, score };
}

/** Drops the types of poses and parameters; the caller gives a scorer only those that belong to it. */
function erased<Pose, P extends Params>(task: {
  readonly poses: readonly Pose[];
  readonly params: P;
  readonly score: Scorer<Pose, P>;
}): Task {
  return task as unknown as Task;
}
