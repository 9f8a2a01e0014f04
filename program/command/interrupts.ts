import { Interrupted } from './errors.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Signals of the system as an AbortSignal. */
export interface Interrupts {
  /** Aborts with {@link Interrupted} at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Lets a signal end the process at once while `work` runs, which gives none a turn. */
  unguarded<T>(work: () => Promise<T>): Promise<T>;
  /** Leaves signals to the system again. */
  stop(): void;
}

/** Listens to signals until it is stopped. A second signal ends the process at once. */
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

/** Milliseconds that work may go on before signals and timers get a turn. */
const breath = 50;

/**
 * Something to call between pieces of work: a promise every 50 ms, else nothing. To await it gives signals a turn, which
 * a loop that only awaits what is ready never does.
 */
export function breathing(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < breath) return undefined;
    return new Promise(resolve => {
      setImmediate(() => {
        last = performance.now();
        resolve();
      });
    });
  };
}
