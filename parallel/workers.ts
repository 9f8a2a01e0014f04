import { checkOptions } from '../engine/options.ts';
import { Pool, type WorkerPool } from './pool.ts';
import { type NodeOptions, startWorker, type WorkerLike } from './port.ts';

/** Options of {@link workers}. */
export interface WorkersOptions {
  /** The module that exports the scorer: see {@link ScorerModule}. */
  readonly module?: URL | string;
  /** Starts a worker that calls `serve`; use it instead of `module` with a bundler, which must see the worker's code. */
  readonly worker?: () => WorkerLike;
  /** Number of workers, at least 1. More than the number of cores gain nothing. */
  readonly threads: number;
  /** Number of poses sent and summed together. The bits of a result depend on it, but not on `threads`. Default 32. */
  readonly posesPerChunk?: number;
  /** Time limit for a chunk in milliseconds; exceeding it is an error. Default: no limit. */
  readonly timeout?: number;
  /**
   * true: move array buffers in the poses to the worker instead of copying them. The caller's are then empty, and a chunk whose
   * worker dies is not run again. Default false.
   */
  readonly transfer?: boolean;
  /** Further options of Node's Worker, such as `resourceLimits` or `execArgv`. */
  readonly node?: NodeOptions;
}

/**
 * Worker threads of Node, or Web Workers, that score poses for `combinePoses`, `accumulatePoses`, `combineBatch` and
 * posetape/fit. They start on demand, stay for the next call, and keep the process alive only during a call.
 *
 * Poses are sent in chunks of `posesPerChunk`, whose sums are merged in order: the result is the same to the bit whatever the
 * number of threads. A chunk whose worker dies is run once more in a new one; if that dies, too, the error names the poses.
 *
 * @throws TypeError or RangeError naming the option
 * @example
 * await using pool = workers({ module: new URL('./scorer.js', import.meta.url), threads: 4 });
 * const { value, gradient } = await combinePoses({ pool, poses, params, combination: boltzmann() });
 */
export function workers(options: WorkersOptions): WorkerPool {
  checkOptions('workers', options, [
    'module',
    'worker',
    'threads',
    'posesPerChunk',
    'timeout',
    'transfer',
    'node',
  ]);
  const { module, worker, threads, posesPerChunk = 32, timeout, transfer = false, node = {} } = options;
  if ((module === undefined) === (worker === undefined))
    throw new TypeError('workers: give a module, or a worker that calls serve()');
  if (worker !== undefined && typeof worker !== 'function')
    throw new TypeError('workers: worker must be a function that starts one');
  for (const [name, number] of Object.entries({ threads, posesPerChunk }))
    if (!Number.isSafeInteger(number) || number < 1)
      throw new RangeError(`workers: ${name} must be a whole number from 1, got ${number}`);
  // Of a longer time, a timer makes 1 ms.
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout < 2 ** 31))
    throw new RangeError(`workers: timeout must be milliseconds above 0 and below 2³¹, got ${timeout}`);
  const start = worker ?? (() => startWorker(node));
  return new Pool({
    threads,
    posesPerChunk,
    module: module === undefined ? undefined : new URL(module).href,
    start,
    timeout,
    transfer,
  });
}
