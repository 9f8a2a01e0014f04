import type * as Threads from 'node:worker_threads';
import type { FromWorker, ToWorker } from './messages.ts';

/** The part of a worker, of Node or the web, that is used. */
export interface WorkerLike {
  /** Sends a message to the worker. */
  postMessage(message: unknown, transfer?: never): void;
  /** Ends the worker. */
  terminate(): unknown;
}

/** A worker: Node's and the web's alike. */
export interface Port {
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Holds the process alive, or lets it end; a page needs neither. */
  hold(isNeeded: boolean): void;
  terminate(): Promise<void>;
}

/** Told of messages, and of the end of a worker that was not terminated. */
export interface PortListener {
  onMessage(message: FromWorker): void;
  onEnd(reason: string): void;
}

/** Node's module of worker threads; nothing in a browser. No bundler is to look for it. @internal */
export async function nodeThreads(): Promise<typeof Threads | undefined> {
  const isNode = typeof globalThis.process?.versions?.node === 'string';
  const name = 'node:worker_threads';
  return isNode ? import(/* @vite-ignore */ /* webpackIgnore: true */ name) : undefined;
}

/** Options of Node's Worker. */
export type NodeOptions = Readonly<Record<string, unknown>>;

/** Starts the worker that serves a module. */
export async function startWorker(options: NodeOptions): Promise<WorkerLike> {
  const entry = new URL(
    import.meta.url.endsWith('.ts') ? './worker.ts' : './parallel-worker.js',
    import.meta.url,
  );
  const threads = await nodeThreads();
  if (threads) return new threads.Worker(entry, options as Threads.WorkerOptions) as WorkerLike;
  const { Worker } = globalThis as unknown as {
    readonly Worker: new (url: URL, options: { readonly type: 'module' }) => WorkerLike;
  };
  return new Worker(entry, { type: 'module' });
}

/** Listens to a worker. */
export function portOf(worker: WorkerLike, { onMessage, onEnd }: PortListener): Port {
  let reason: string | undefined;
  const port = {
    post: (message: ToWorker, transfer: readonly ArrayBuffer[] = []) =>
      worker.postMessage(message, transfer as never),
    terminate: async () => {
      await worker.terminate();
    },
  };
  if ('on' in worker) {
    const thread = worker as unknown as Threads.Worker;
    thread.on('message', onMessage);
    // An answer that cannot be read would never come.
    thread.on('messageerror', () => {
      void thread.terminate();
      onEnd('its answer could not be read');
    });
    // Without a listener, an error would end the process; the exit comes after it.
    thread.on('error', error => {
      reason = error instanceof Error ? error.message : String(error);
    });
    thread.on('exit', code => onEnd(reason ?? `it exited with code ${code}`));
    return { ...port, hold: isNeeded => (isNeeded ? thread.ref() : thread.unref()) };
  }
  const web = worker as unknown as EventTarget;
  web.addEventListener('message', event => onMessage((event as unknown as { data: FromWorker }).data));
  // The worker may live on, but its chunk would never be answered.
  web.addEventListener('error', event => {
    const { message } = event as unknown as { readonly message?: string };
    worker.terminate();
    onEnd(message ?? 'it could not be loaded');
  });
  return { ...port, hold() {} };
}
