// Worker of bench/threaded.ts, which runs the scorer of a workload.
import { isMainThread, workerData } from 'node:worker_threads';
import { jit, type SyncExecutor } from 'posetape';
import { serve } from 'posetape/parallel';
import { wasm } from 'posetape/wasm';
import { readTask } from './workloads/tasks.ts';

/** Returns the executor with which a workload is measured. */
export const executorOf = (workload: string): SyncExecutor => (workload === 'vina' ? jit() : wasm());

if (!isMainThread) {
  const { workload, count } = workerData as { workload: string; count: number };
  // Without the argument `load` of bench/threaded.ts, `count` is 0. One pose is then read, but not used.
  const { score, scoreGroup, poses } = await readTask(workload, count || 1);
  // With that argument, the main thread sends the number of a pose instead of the pose itself.
  const load = (n: number) => poses[n];
  const scorer = { score, ...(scoreGroup && { scoreGroup }), ...(count > 0 && { load }) };
  await serve({ ...scorer, executor: executorOf(workload) });
}
