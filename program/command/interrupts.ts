import { Interrupted } from './errors.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** SIGINT and SIGTERM as an AbortSignal. */
export interface Interrupts {
  /** Aborts with {@link Interrupted} at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Runs `work` with the system's handling of signals: a signal ends the process even if `work` blocks the event loop. */
  unguarded<T>(work: () => Promise<T>): Promise<T>;
  /** Restores the system's handling of signals. */
  stop(): void;
}

/** Starts to listen to signals. A second signal ends the process at once. */
export function interrupts(): Interrupts {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    stop();
    controller.abort(new Interrupted(name));
  };
  const start = () => {
    for (const name of signals) process.on(name, onSignal);
  };
  const stop = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  start();
  return {
    signal: controller.signal,
    stop,
    async unguarded(work) {
      stop();
      try {
        return await work();
      } finally {
        if (!controller.signal.aborted) start();
      }
    },
  };
}

/** Milliseconds after which work pauses, so that signals and timers can be handled. */
const pauseEvery = 50;

/**
 * Returns a function to call and await between pieces of work. Once 50 ms have passed since the last pause, the function
 * returns a promise that resolves after signals and timers have been handled; before that, it returns undefined. Without such
 * pauses, a loop that only awaits resolved promises blocks signals and timers.
 */
export function breathing(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < pauseEvery) return undefined;
    return new Promise(resolve => {
      setImmediate(() => {
        last = performance.now();
        resolve();
      });
    });
  };
}
