import type { Executor, SyncExecutor } from './executor.ts';
import { interpreter } from './interpreter.ts';
import { checkOptions } from './options.ts';
import { checkList, checkValues, type Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** A list of tensors, one for each value of a list. */
export type TensorsOf<T extends readonly Value[]> = { [K in keyof T]: Tensor };

/**
 * Runs a tape and returns the numbers of the wanted values, a tensor for each. It computes only the values that these
 * depend on. The default executor is `interpreter()` in float64; with an asynchronous executor this returns a promise.
 *
 * @throws TypeError unless `wanted` is a list of values
 * @example
 * const [value, slope] = evaluate([y, dx]);
 */
export function evaluate<const T extends readonly Value[]>(
  wanted: T,
  options?: { executor?: SyncExecutor },
): TensorsOf<T>;
export function evaluate<const T extends readonly Value[]>(
  wanted: T,
  options: { executor: Executor },
): TensorsOf<T> | Promise<TensorsOf<T>>;
export function evaluate<const T extends readonly Value[]>(
  wanted: T,
  options: { executor?: Executor } = {},
): TensorsOf<T> | Promise<TensorsOf<T>> {
  checkOptions('evaluate', options, ['executor']);
  checkList('evaluate', wanted, '[energy]');
  checkValues('evaluate', wanted);
  const { executor = interpreter() } = options;
  return executor.run(wanted) as TensorsOf<T> | Promise<TensorsOf<T>>;
}
