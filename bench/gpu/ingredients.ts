import { posesFor } from '../workloads/ensembles.ts';
import { readNetwork, readPairs, workloadFolder } from '../workloads/files.ts';
import type { Ingredients, WorkloadName } from './names.ts';

/** Reads a workload; of its poses, the first so many. */
export async function ingredientsOf(workload: WorkloadName, count: number): Promise<Ingredients> {
  switch (workload) {
    case 'network':
      return { workload, data: await readNetwork(await workloadFolder(), count) };
    case 'list':
    case 'dense':
      return { workload, data: await readPairs(await workloadFolder(), count) };
    case 'vina':
    case 'schnet':
      return { workload, poses: (await posesFor(workload)).poses.slice(0, count) };
    case 'tiny':
      return { workload };
  }
}
