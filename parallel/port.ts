import type * as Threads from 'node:worker_threads';
import type { FromWorker, ToWorker } from './messages.ts';

/** The methods of a worker that the library uses. Workers of Node and of the web have them. */
export interface WorkerLike {
  /** Sends a message to the worker. */
  postMessage(message: unknown, transfer?: never): void;
  /** Ends the worker at once. */
  terminate(): unknown;
}

/** A common interface to the workers of Node and the web. */
export interface Port {
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void;
  /** Keeps the process alive if `isNeeded`, else lets it end. Does nothing in a page. */
  hold(isNeeded: boolean): void;
  terminate(): Promise<void>;
}

/** Callbacks for the messages and the end of a worker. */
export interface PortListener {
  onMessage(message: FromWorker): void;
  onEnd(reason: string): void;
}

/**
 * Loads Node's module of worker threads; undefined in a browser. The import is written so that bundlers do not look for
 * the module. @internal
 */
export async function nodeThreads(): Promise<typeof Threads | undefined> {
  const isNode = typeof globalThis.process?.versions?.node === 'string';
  const name = 'node:worker_threads';
  return isNode ? import(/* @vite-ignore */ /* webpackIgnore: true */ name) : undefined;
}

/** Options of Node's Worker. */
export type NodeOptions = Readonly<Record<string, unknown>>;

/** Starts the library's own worker file, which serves a module. */
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

/** Makes a port to a worker. */
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
    // An unreadable answer is lost, so the worker would seem to run forever.
    thread.on('messageerror', () => {
      void thread.terminate();
      onEnd('its answer could not be read');
    });
    // Without a listener, an error would end the process. The event 'exit' follows it and calls `onEnd`.
    thread.on('error', error => {
      reason = error instanceof Error ? error.message : String(error);
    });
    thread.on('exit', code => onEnd(reason ?? `it exited with code ${code}`));
    return { ...port, hold: isNeeded => (isNeeded ? thread.ref() : thread.unref()) };
  }
  const web = worker as unknown as EventTarget;
  web.addEventListener('message', event => onMessage((event as unknown as { data: FromWorker }).data));
  // The worker may still run, but it will never answer its chunk.
  web.addEventListener('error', event => {
    const { message } = event as unknown as { readonly message?: string };
    worker.terminate();
    onEnd(message ?? 'it could not be loaded');
  });
  return { ...port, hold() {} };
}
