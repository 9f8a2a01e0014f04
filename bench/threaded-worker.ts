// The worker of bench/threaded.ts: the scorer of a workload, in the precision that it is measured in.
import { isMainThread, workerData } from 'node:worker_threads';
import { jit, type SyncExecutor } from 'posetape';
import { serve } from 'posetape/parallel';
import { wasm } from 'posetape/wasm';
import { readTask } from './workloads/tasks.ts';

export const executorOf = (workload: string): SyncExecutor => (workload === 'vina' ? jit() : wasm());

if (!isMainThread) {
  const { score, scoreGroup } = await readTask(workerData, 1);
  await serve({ score, ...(scoreGroup && { scoreGroup }), executor: executorOf(workerData) });
}
