import type { ScorerFacts } from '../combine/workers.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { type Port, portOf, type WorkerLike } from './port.ts';

/** Told of what a thread says, and of its end unless it was ended on purpose. */
export interface ThreadListener {
  onMessage(thread: Thread, message: FromWorker): void;
  onEnd(thread: Thread, reason: string): void;
}

/** A worker of a pool, from before it is started until after its end. */
export class Thread {
  /** Known once it is ready. */
  facts: ScorerFacts | undefined;
  readonly #listener: ThreadListener;
  readonly #tag = Math.random().toString(36).slice(2);
  #port: Port | undefined;
  #isEnded = false;
  #isNeeded = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: ThreadListener) {
    this.#listener = listener;
  }

  /** Starts the worker. @throws what the start throws */
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

  /** @throws DataCloneError for what cannot be sent */
  post(message: ToWorker, transfer?: readonly ArrayBuffer[]): void {
    if (!this.#isEnded) this.#port?.post(message, transfer);
  }

  /** Holds the process alive, or lets it end. */
  hold(isNeeded: boolean): void {
    this.#isNeeded = isNeeded;
    this.#port?.hold(isNeeded);
  }

  /** Sets the timer, replacing an earlier one; no timer if the time is absent. */
  after(milliseconds: number | undefined, late: () => void): void {
    clearTimeout(this.#timer);
    if (milliseconds === undefined) return;
    this.#timer = setTimeout(late, milliseconds);
    // A page's is a number.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Ends the worker, whatever it is doing; nobody is told. */
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
