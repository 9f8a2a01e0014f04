import type { ModuleInfo } from '../combine/workers.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { type Port, portOf, type WorkerLike } from './port.ts';

/** Callbacks for the messages of a thread, and for its end unless `end` was called. */
export interface ThreadListener {
  onMessage(thread: Thread, message: FromWorker): void;
  onEnd(thread: Thread, reason: string): void;
}

/** A worker of a worker pool, from before its start until after its end. */
export class Thread {
  /** Names of the exports of the worker's module, and its executor; undefined until the worker is ready. */
  moduleInfo: ModuleInfo | undefined;
  readonly #listener: ThreadListener;
  readonly #tag = Math.random().toString(36).slice(2);
  #port: Port | undefined;
  #isEnded = false;
  #isNeeded = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: ThreadListener) {
    this.#listener = listener;
  }

  /** Connects to a worker, which may still be starting, and sends it the start message. @throws the error of its start */
  async open(worker: WorkerLike | Promise<WorkerLike>, module: string | undefined): Promise<void> {
    const opened = await worker;
    this.#port = portOf(opened, {
      onMessage: message => {
        if (!this.#isEnded && message?.tag === this.#tag) this.#listener.onMessage(this, message);
      },
      onEnd: reason => this.#ended(reason),
    });
    if (this.#isEnded) await this.#port.terminate();
    this.post({ kind: 'start', module, tag: this.#tag });
    this.hold(this.#isNeeded);
  }

  /**
   * Sends a message, unless the worker has ended.
   *
   * @throws DataCloneError for a function or another value that cannot be sent
   */
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void {
    if (!this.#isEnded) this.#port?.post(message, transfer);
  }

  /** Keeps the process alive if `isNeeded`, else lets it end. */
  hold(isNeeded: boolean): void {
    this.#isNeeded = isNeeded;
    this.#port?.hold(isNeeded);
  }

  /** Calls `late` after a time. Replaces an earlier timer; without a time, only clears it. */
  after(milliseconds: number | undefined, late: () => void): void {
    clearTimeout(this.#timer);
    if (milliseconds === undefined) return;
    this.#timer = setTimeout(late, milliseconds);
    // In a page the timer is a number, without `unref`.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Ends the worker at once, without a call of `onEnd`. */
  async end(): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    await this.#port?.terminate();
  }

  #ended(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#listener.onEnd(this, reason);
  }
}
