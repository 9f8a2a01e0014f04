import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { type Poses, posesFor } from './ensembles.ts';
import { readData } from './files.ts';
import { ladderTask } from './ladder.ts';
import { type ScorerName, scorerNames } from './scorers.ts';
import { type Ingredients, type Task, taskOf, type WorkloadName } from './tasks.ts';

/** Reads a workload; of its poses, the first so many. */
export async function ingredientsOf(workload: WorkloadName, count: number): Promise<Ingredients> {
  switch (workload) {
    case 'network':
      return { workload, data: await readData('network', count) };
    case 'small':
      return { workload, data: await readData('small', count) };
    case 'list':
    case 'dense':
      return { workload, data: await readData('pairs', count) };
    case 'messages':
      return { workload, data: await readData('messages') };
    case 'vina':
    case 'schnet':
      return { workload, ...(await examplePoses(workload, count)) };
  }
}

/** A workload, or a scorer of the ladder by its sizes, with so many poses. */
export async function readTask(name: string, count: number): Promise<Task> {
  if (name.includes(',')) return ladderTask(name, count);
  return taskOf(await ingredientsOf(name as WorkloadName, count), count);
}

/** Names the folder of {@link writePoses}, for the processes that are started. */
const folderName = 'POSETAPE_BENCH_POSES';

/** Writes the poses of the examples, so that a measured process holds nothing of what it takes to make them. */
export async function writePoses(folder: string): Promise<void> {
  for (const name of scorerNames) await writeFile(join(folder, name), serialize(await posesFor(name)));
  process.env[folderName] = folder;
}

async function examplePoses(name: ScorerName, count: number): Promise<Poses> {
  const folder = process.env[folderName];
  const { poses, small } = folder
    ? (deserialize(await readFile(join(folder, name))) as Poses)
    : await posesFor(name);
  return { poses: poses.slice(0, count), small };
}
