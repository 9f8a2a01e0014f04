// One engine on one workload, in a process of its own. Arguments: workload, engine, number of poses, and the
// clock for its phases: `cpu` where the CPU does all the work, else `wall`.

import { cpuTime } from '../support/clock.ts';
import { serve } from '../support/serve.ts';
import { ingredientsOf } from '../workloads/ingredients.ts';
import type { Engine, Times, WorkloadName } from './names.ts';
import { Trial } from './trial.ts';

const [workload, engine, count, clock] = process.argv.slice(2);
const ingredients =
  workload === 'tiny'
    ? ({ workload } as const)
    : await ingredientsOf(workload as Exclude<WorkloadName, 'tiny'>, Number(count));
// Opened at the first question, so that an error is its answer.
let trial: Promise<Trial> | undefined;
const opened = () => {
  trial ??= Trial.open(ingredients, engine as Engine, clock === 'cpu' ? cpuTime : undefined);
  return trial;
};

await serve({
  first: async () => (await opened()).first(),
  facts: async () => (await opened()).facts(),
  warmUp: async () => ({ done: await (await opened()).warmUp() }),
  round: async (): Promise<Times> => {
    const start = cpuTime();
    const times = await (await opened()).round();
    return { ...times, cpu: (cpuTime() - start) / times.poses };
  },
});
