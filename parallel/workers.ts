import { checkOptions } from '../engine/options.ts';
import { ThreadPool, type WorkerPool } from './pool.ts';
import { type NodeOptions, startWorker, type WorkerLike } from './port.ts';

/** Options of {@link workers}. */
export interface WorkersOptions {
  /** URL of the module that exports the scorer, such as `new URL('./scorer.js', import.meta.url)`: see {@link ScorerModule}. */
  readonly module?: URL | string;
  /** Starts a worker that calls `serve`. Use it instead of `module` with a bundler, which must see the worker's code. */
  readonly worker?: () => WorkerLike;
  /** Number of workers, at least 1. More workers than cores gain nothing. */
  readonly threads: number;
  /** Number of poses that are sent and summed together. The bits of a result depend on it, but not on `threads`. Default 32. */
  readonly posesPerChunk?: number;
  /** Time limit for a chunk, in milliseconds. Exceeding it is an error. Default: no limit. */
  readonly timeout?: number;
  /**
   * True to move the array buffers in the poses to the worker instead of copying them. The caller's buffers are then empty,
   * and a chunk whose worker ends is not run again. Default false.
   */
  readonly transfer?: boolean;
  /** Further options of Node's Worker, such as `resourceLimits` or `execArgv`. */
  readonly node?: NodeOptions;
}

/**
 * Makes a worker pool: worker threads of Node, or Web Workers, that score poses for `combinePoses`, `accumulatePoses`,
 * `combineBatch` and posetape/fit. Workers start on demand, stay for the next call, and keep the process alive only during a
 * call.
 *
 * Poses are sent in chunks of `posesPerChunk`, whose sums are merged in order, so the result is the same to the bit for any
 * number of threads. If the worker of a chunk ends, the chunk runs once more in a new worker. If that ends, too, the error
 * names the poses.
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
  // A timer treats a time of 2³¹ ms or more as 1 ms.
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout < 2 ** 31))
    throw new RangeError(
      `workers: timeout must be a number of milliseconds above 0 and below 2³¹, got ${timeout}`,
    );
  const start = worker ?? (() => startWorker(node));
  return new ThreadPool({
    threads,
    posesPerChunk,
    module: module === undefined ? undefined : addressOf(module),
    start,
    timeout,
    transfer,
  });
}

/** Returns the module's address as text. @throws TypeError unless it is a complete URL */
function addressOf(module: URL | string): string {
  try {
    return new URL(module).href;
  } catch (cause) {
    throw new TypeError(
      `workers: module must be a complete URL, got ${module}; use new URL('${module}', import.meta.url)`,
      { cause },
    );
  }
}
