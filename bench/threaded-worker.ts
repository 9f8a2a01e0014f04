// The worker of bench/threaded.ts: the scorer of a workload, in the precision that it is measured in.
import { isMainThread, workerData } from 'node:worker_threads';
import { jit, type SyncExecutor } from 'posetape';
import { serve } from 'posetape/parallel';
import { wasm } from 'posetape/wasm';
import { readTask } from './workloads/tasks.ts';

export const executorOf = (workload: string): SyncExecutor => (workload === 'vina' ? jit() : wasm());

if (!isMainThread) {
  const { workload, count } = workerData as { workload: string; count: number };
  const { score, scoreGroup, poses } = await readTask(workload, count || 1);
  // Poses that the worker has itself are sent as their numbers.
  const load = (n: number) => poses[n];
  const scorer = { score, ...(scoreGroup && { scoreGroup }), ...(count > 0 && { load }) };
  await serve({ ...scorer, executor: executorOf(workload) });
}
