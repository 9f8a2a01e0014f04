// One scorer, executor, strategy and number of poses, in a process of its own: what it takes, by memory and by time.
// Arguments: the file of poses, scorer, executor, strategy, N, and how many poses to score before memory is read.

import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { type Executor, interpreter, jit } from 'posetape';
import { combinePoses, lse } from 'posetape/combine';
import { wasm } from 'posetape/wasm';
import type { CellExecutor, CellStrategy } from './cell-names.ts';
import { stored } from './stored.ts';
import { cpuTime } from './support/clock.ts';
import { restartPeak } from './support/peak.ts';
import { type Round, serve } from './support/serve.ts';
import type { Poses } from './workloads/ensembles.ts';
import { type ScorerName, scorer } from './workloads/scorers.ts';

/** Results of the first runs; `cpu` is that of the very first. */
export interface Peak extends Round {
  /** By the engine's exact count, and of the predictions that are kept beside it. */
  readonly engineBytes: number;
  readonly predictionBytes: number;
  /** The peak of the process over what it had before; null where the system does not tell. */
  readonly processBytes: number | null;
}

const [file = '', name = 'vina', executorName, strategy = 'stream', count = '1', least = '1'] =
  process.argv.slice(2);
const n = Number(count);
const { poses, small } = deserialize(readFileSync(file)) as Poses;
const setUp = scorer(name as ScorerName);
const makers: Record<CellExecutor, () => Executor> = { jit, interpreter, wasm };
const executor = makers[executorName as CellExecutor]();

function ensemble(of: readonly unknown[], length: number): unknown[] {
  return Array.from({ length }, (_, i) => of[i % of.length]);
}

function run(on: readonly unknown[]): Promise<{ stats: { peakBytes: number; predictionBytes: number } }> {
  const task = { ...setUp, poses: on, combination: lse(), executor };
  return strategy === 'stored'
    ? stored(task)
    : combinePoses({ ...task, strategy: strategy as Exclude<CellStrategy, 'stored'> });
}

// All code has run once, on little data, before the baseline is taken.
for (let i = 0; i < 20; i++) await run(ensemble([small], 2));
const peak = restartPeak();

const all = ensemble(poses, n);
/** CPU milliseconds of one run over all poses. */
let perRun = 0;

async function timed(runs: number): Promise<number> {
  const start = cpuTime();
  for (let i = 0; i < runs; i++) await run(all);
  perRun = (cpuTime() - start) / runs;
  return perRun / n;
}

await serve({
  peak: async (): Promise<Peak> => {
    const first = cpuTime();
    const { stats } = await run(all);
    perRun = cpuTime() - first;
    const cpu = perRun / n;
    const more = Math.ceil(Number(least) / n) - 1;
    if (more > 0) await timed(more);
    const { peakBytes: engineBytes, predictionBytes } = stats;
    return { cpu, engineBytes, predictionBytes, processBytes: peak() };
  },
  round: async (): Promise<Round> => ({ cpu: await timed(Math.max(1, Math.round(60 / perRun))) }),
});
