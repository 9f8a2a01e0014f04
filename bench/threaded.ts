// Process that benchmarks measure. It runs a workload with a pool of threads, or without one. Arguments: workload, number of
// threads (0 for no pool), number of poses, poses per chunk, poses per tape, and optionally `load`. With `load`, the workers
// load the poses themselves, and the main thread sends them only the numbers of poses.

import { Worker } from 'node:worker_threads';
import { combinePoses, lse } from 'posetape/combine';
import { workers } from 'posetape/parallel';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { executorOf } from './threaded-worker.ts';
import { readTask } from './workloads/tasks.ts';

const [workload = '', threads = '0', count = '1', posesPerChunk = '32', perTape = '1', load] =
  process.argv.slice(2);
const { poses, params, score, scoreGroup } = await readTask(workload, Number(count));
const pool =
  threads === '0'
    ? undefined
    : workers({
        threads: Number(threads),
        posesPerChunk: Number(posesPerChunk),
        worker: () =>
          new Worker(new URL('./threaded-worker.mjs', import.meta.url), {
            workerData: { workload, count: load === 'load' ? Number(count) : 0 },
          }),
      });
const posesPerTape = Number(perTape);
const sent = load === 'load' ? poses.map((_, n) => n) : poses;
const alone = { ...(posesPerTape > 1 ? { score: scoreGroup } : { score }), executor: executorOf(workload) };
const scoring = { ...(pool ? { pool } : alone), ...(posesPerTape > 1 && { posesPerTape }) };

async function run() {
  const { value, gradient } = await combinePoses({
    ...scoring,
    poses: sent,
    params,
    combination: lse(),
  } as never);
  const squares = Object.values(gradient as typeof params).map(({ data }) =>
    (data as Float64Array).reduce((sum, slope) => sum + slope * slope, 0),
  );
  return { value, norm: Math.sqrt(squares.reduce((a, b) => a + b, 0)) };
}

let timeRound: Promise<() => Promise<Round>> | undefined;

await serve({
  check: run,
  round: async (): Promise<Round> => {
    timeRound ??= warmedUp({ units: poses.length, run });
    return (await timeRound)();
  },
});
await pool?.close();
