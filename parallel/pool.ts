/// <reference lib="esnext.disposable" preserve="true" />
import type { Params } from '../combine/params.ts';
import { indicesOf } from '../combine/pose-tape.ts';
import type { Answers, Chunk, ModuleInfo, SentParams, Workers, WorkKind } from '../combine/workers.ts';
import { buffersOf, isDetached, withoutUnusedBytes } from './buffers.ts';
import { fromSent, isOfLostDevice } from './errors.ts';
import type { FromWorker } from './messages.ts';
import type { WorkerLike } from './port.ts';
import { CallParams } from './sent-params.ts';
import { Thread } from './thread.ts';

/** A worker pool for the option `pool`. Close it when done. */
export interface WorkerPool extends Workers {
  /** Ends the workers. Pending calls throw. */
  close(): Promise<void>;
  /** Ends the workers as `close` does, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Settings of a worker pool. */
export interface PoolSettings {
  readonly threads: number;
  readonly posesPerChunk: number;
  /** Address of the module; absent if the workers' file passes its scorer to `serve`. */
  readonly module: string | undefined;
  readonly start: () => WorkerLike | Promise<WorkerLike>;
  readonly timeout: number | undefined;
  readonly transfer: boolean;
}

/** A chunk whose answer is awaited. */
interface Job {
  readonly chunk: Chunk;
  readonly params: CallParams;
  readonly resolve: (answer: Answers[WorkKind]) => void;
  readonly reject: (error: unknown) => void;
  /** Number of workers that ended while they ran the chunk. */
  deaths: number;
}

/** A pending call of {@link ThreadPool.moduleInfo}. */
interface Waiting {
  readonly resolve: (moduleInfo: ModuleInfo) => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds that a module may take to load. */
const startLimit = 60_000;
/** Milliseconds that an abandoned chunk may take to end by itself. */
const graceTime = 1000;
/** Calls fail when this many workers in a row end before they are ready, while no other worker makes progress. */
const mostFailures = 3;

/** A pool of at most `threads` workers, which start when needed and run one chunk at a time each. */
export class ThreadPool implements WorkerPool {
  readonly threads: number;
  readonly posesPerChunk: number;
  readonly #settings: PoolSettings;
  /** The workers, each with the chunk that it runs. */
  readonly #jobs = new Map<Thread, Job | undefined>();
  /** Jobs whose answer is still awaited. An abandoned job may still run. */
  readonly #live = new Set<Job>();
  #queue: Job[] = [];
  #waiting: Waiting[] = [];
  #moduleInfo: ModuleInfo | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.threads = settings.threads;
    this.posesPerChunk = settings.posesPerChunk;
  }

  async moduleInfo(): Promise<ModuleInfo> {
    this.#checkOpen();
    if (this.#moduleInfo) return this.#moduleInfo;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#update();
    });
  }

  send(params: Params): SentParams {
    const sent: CallParams = new CallParams(params, () => {
      const released = [...this.#live].filter(job => job.params === sent);
      for (const job of released) this.#abandon(job);
    });
    return sent;
  }

  async run<Kind extends WorkKind>(chunk: Chunk<Kind>, params: SentParams): Promise<Answers[Kind]> {
    this.#checkOpen();
    return new Promise((resolve, reject) => {
      const settle = resolve as Job['resolve'];
      const job: Job = { chunk, params: params as CallParams, resolve: settle, reject, deaths: 0 };
      this.#live.add(job);
      this.#queue.push(job);
      this.#update();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failAll(new Error('workers: the worker pool was closed'));
    const threads = [...this.#jobs.keys()];
    this.#jobs.clear();
    await Promise.all(threads.map(thread => thread.end()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('workers: the worker pool was closed');
  }

  /** Gives chunks to idle workers, starts workers for the other chunks, and keeps the process alive while a call waits. */
  #update(): void {
    for (const [thread, job] of this.#jobs) {
      if (!thread.moduleInfo || job) continue;
      const next = this.#queue.shift();
      if (next) this.#assign(thread, next);
    }
    const starting = [...this.#jobs.keys()].filter(({ moduleInfo }) => !moduleInfo).length;
    const wanted = Math.max(this.#queue.length, this.#waiting.length > 0 ? 1 : 0) - starting;
    const room = this.threads - this.#jobs.size;
    for (let i = 0; i < Math.min(wanted, room); i++) this.#start();
    const isAwaited = this.#queue.length > 0 || this.#waiting.length > 0;
    for (const [thread, job] of this.#jobs)
      thread.hold(thread.moduleInfo ? job !== undefined && this.#live.has(job) : isAwaited);
  }

  #start(): void {
    const { start, module } = this.#settings;
    const thread = new Thread({
      onMessage: (from, message) => this.#receive(from, message),
      onEnd: (from, reason) => this.#bury(from, reason),
    });
    this.#jobs.set(thread, undefined);
    thread.after(startLimit, () => {
      this.#discard(thread);
      this.#failAll(
        new Error(`workers: ${module ?? 'the worker'} was not ready after ${startLimit / 1000} s`),
      );
    });
    const opening = async () => thread.open(await start(), module);
    opening().catch(error => {
      this.#discard(thread);
      this.#failAll(error);
    });
  }

  #assign(thread: Thread, job: Job): void {
    const { chunk, params } = job;
    const { transfer, timeout } = this.#settings;
    this.#jobs.set(thread, job);
    try {
      const buffers = transfer ? buffersOf(chunk.poses) : [];
      // Node 20 would send detached buffers without an error, and nothing would arrive.
      if (buffers.some(isDetached))
        throw new TypeError('an array in them was transferred before and is empty');
      params.giveTo(thread);
      const poses = transfer ? chunk.poses : withoutUnusedBytes(chunk.poses);
      thread.post({ kind: 'chunk', chunk: { ...chunk, poses }, params: params.id }, buffers);
    } catch (cause) {
      this.#jobs.set(thread, undefined);
      const what = cause instanceof Error ? cause.message : cause;
      this.#settle(job, () =>
        job.reject(new TypeError(`${indicesIn(chunk)} cannot be sent to a worker: ${what}`, { cause })),
      );
      return;
    }
    thread.after(timeout, () => {
      this.#discard(thread);
      const late = new Error(`${indicesIn(chunk)} took longer than the timeout of ${timeout} ms`);
      this.#settle(job, () => job.reject(late));
      this.#update();
    });
  }

  #receive(thread: Thread, message: FromWorker): void {
    // Clears the time limit of the start or of the chunk.
    thread.after(undefined, () => {});
    if (message.kind !== 'error') this.#failures = 0;
    if (message.kind === 'ready') {
      thread.moduleInfo = message.moduleInfo;
      this.#moduleInfo = message.moduleInfo;
      for (const { resolve } of this.#waiting.splice(0)) resolve(message.moduleInfo);
    } else if (!thread.moduleInfo) {
      // This worker cannot load the module, so no other worker could either.
      this.#discard(thread);
      if (message.kind === 'error') this.#failAll(fromSent(message.error));
    } else {
      const job = this.#jobs.get(thread) as Job;
      if (message.kind === 'error' && isOfLostDevice(message.error) && job.deaths === 0) {
        void thread.end();
        this.#bury(thread, message.error.message);
        return;
      }
      this.#jobs.set(thread, undefined);
      this.#settle(job, () =>
        message.kind === 'answer' ? job.resolve(message.answer) : job.reject(fromSent(message.error)),
      );
    }
    this.#update();
  }

  /**
   * Removes a worker that ended by itself or lost its device, and puts its chunk back into the queue. The chunk fails instead
   * if an earlier worker ended while running the chunk, or if its arrays were transferred.
   */
  #bury(thread: Thread, reason: string): void {
    const job = this.#jobs.get(thread);
    this.#jobs.delete(thread);
    if (!thread.moduleInfo && ++this.#failures >= mostFailures) {
      this.#failures = 0;
      this.#failAll(new Error(`workers: ${mostFailures} workers ended before they were ready: ${reason}`));
    }
    if (job && this.#live.has(job)) {
      const poses = indicesIn(job.chunk);
      job.deaths++;
      if (this.#settings.transfer)
        this.#settle(job, () =>
          job.reject(
            new Error(`${poses}: their worker ended, and the transferred arrays are lost: ${reason}`),
          ),
        );
      else if (job.deaths > 1)
        this.#settle(job, () =>
          job.reject(new Error(`${poses}: two workers ended while running them; of the second: ${reason}`)),
        );
      else this.#queue.unshift(job);
    }
    this.#update();
  }

  /** Ends a worker. The caller settles its chunk, if it has one. */
  #discard(thread: Thread): void {
    this.#jobs.delete(thread);
    void thread.end();
  }

  /** Gives up a chunk. Its worker is ended unless it answers soon. */
  #abandon(job: Job): void {
    this.#settle(job, () => job.reject(new Error(`${indicesIn(job.chunk)}: abandoned`)));
    this.#queue = this.#queue.filter(queued => queued !== job);
    for (const [thread, running] of this.#jobs) {
      if (running !== job) continue;
      thread.after(graceTime, () => {
        this.#discard(thread);
        this.#update();
      });
    }
    this.#update();
  }

  #settle(job: Job, settle: () => void): void {
    if (this.#live.delete(job)) settle();
  }

  /** Fails all calls, except chunks that a worker is running: they continue, unless the pool is closed. */
  #failAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#queue = [];
    for (const job of this.#live) {
      if (!this.#isClosed && [...this.#jobs.values()].includes(job)) continue;
      this.#settle(job, () => job.reject(error));
    }
    if (!this.#isClosed) this.#update();
  }
}

function indicesIn({ first, poses }: Chunk): string {
  return indicesOf([{ index: first }, { index: first + poses.length - 1 }]);
}
