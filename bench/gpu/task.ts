import { type Tape, tensor } from 'posetape';
import { div, exp, sum } from 'posetape/ops';
import { type Task, taskOf as taskOfWorkload } from '../workloads/tasks.ts';
import type { Ingredients } from './names.ts';

/** A workload, here or in a page, with all poses of the ingredients; `depth` is of the tiny one. */
export function taskOf(ingredients: Ingredients, depth: number): Task {
  if (ingredients.workload === 'tiny') return tiny(depth);
  const count = 'data' in ingredients ? ingredients.data.poses : ingredients.poses.length;
  return taskOfWorkload(ingredients, count);
}

/**
 * x ← x / Σ exp x, over and over, for four numbers: each sum and each quotient is a kernel of next to no work, as the next
 * needs it whole.
 */
function tiny(depth: number): Task {
  const score = (_: Tape, { x }: { x: Parameters<typeof exp>[0] }) => {
    let each = x;
    for (let i = 0; i < depth; i++) each = div(each, sum(exp(each)));
    return sum(each);
  };
  const params = { x: tensor([0.1, 0.2, 0.3, 0.4]) };
  return { poses: [null, null], params, score, precision: 'float32' } as unknown as Task;
}
