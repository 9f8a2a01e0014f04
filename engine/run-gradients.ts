import type { Executor, RunOptions, SyncExecutor } from './executor.ts';
import { gradient } from './gradient.ts';
import type { Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/**
 * Calls {@link Executor.runGradients}. If the executor has no such method, records the gradients on the tape and runs
 * it.
 */
export function runGradients(
  executor: SyncExecutor,
  wanted: readonly Value[],
  targets: readonly Value[],
  wrt: readonly Value[],
  options?: RunOptions,
): Tensor[];
export function runGradients(
  executor: Executor,
  wanted: readonly Value[],
  targets: readonly Value[],
  wrt: readonly Value[],
  options?: RunOptions,
): Tensor[] | Promise<Tensor[]>;
export function runGradients(
  executor: Executor,
  wanted: readonly Value[],
  targets: readonly Value[],
  wrt: readonly Value[],
  options?: RunOptions,
): Tensor[] | Promise<Tensor[]> {
  if (executor.runGradients) return executor.runGradients(wanted, targets, wrt, options);
  return executor.run([...wanted, ...targets.flatMap(target => gradient(target, wrt))], options);
}
