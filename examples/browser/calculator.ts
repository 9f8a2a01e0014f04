import type { Files } from './worker/open.ts';
import type { Answer, Input, Output, Progress, Request, TaskName } from './worker/tasks.ts';

/** A worker whose tasks are called like async functions. */
export interface Calculator {
  /** Runs a task. Rejects with the task's own error, or with {@link Stopped} if the worker is stopped. */
  run<Name extends TaskName>(
    task: Name,
    input: Input<Name>,
    onProgress?: (progress: Progress<Name>) => void,
  ): Promise<Output<Name>>;
  /** Ends the worker, whatever it is doing. */
  stop(): void;
}

/** Error with which running tasks reject when their worker is stopped. */
export class Stopped extends Error {
  constructor() {
    super('stopped');
  }
}

interface Pending {
  readonly onProgress: ((progress: never) => void) | undefined;
  resolve(output: never): void;
  reject(error: Error): void;
}

/** Starts a worker of the page's own code. */
export function startWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/** Returns a {@link Calculator} that runs its tasks in this worker. */
export function calculatorOf(worker: Worker): Calculator {
  const pending = new Map<number, Pending>();
  let nextId = 0;

  const rejectAll = (error: Error) => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    const waiting = pending.get(data.id);
    if (!waiting) return;
    if (data.kind === 'progress') {
      waiting.onProgress?.(data.progress as never);
      return;
    }
    pending.delete(data.id);
    if (data.kind === 'output') waiting.resolve(data.output as never);
    else waiting.reject(new Error(data.message));
  });
  worker.addEventListener('error', ({ message }) =>
    rejectAll(new Error(message || 'the worker could not start')),
  );

  return {
    run(task, input, onProgress) {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { onProgress, resolve, reject });
        worker.postMessage({ id, task, input } satisfies Request);
      });
    },
    stop() {
      worker.terminate();
      rejectAll(new Stopped());
    },
  };
}

/** Runs one long task in a worker of its own, which ends with the task. So stopping this task does not affect others. */
export function runApart<Name extends TaskName>(
  start: () => Worker | Promise<Worker>,
  files: Files,
  task: Name,
  input: Input<Name>,
  onProgress?: (progress: Progress<Name>) => void,
): { readonly output: Promise<Output<Name>>; stop(): void } {
  let isStopped = false;
  let calculator: Calculator | undefined;
  const run = async (): Promise<Output<Name>> => {
    calculator = calculatorOf(await start());
    try {
      if (isStopped) throw new Stopped();
      await calculator.run('open', files);
      return await calculator.run(task, input, onProgress);
    } finally {
      calculator.stop();
    }
  };
  return {
    output: run(),
    stop() {
      isStopped = true;
      calculator?.stop();
    },
  };
}
