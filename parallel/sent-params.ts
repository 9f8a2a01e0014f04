import type { Params } from '../combine/params.ts';
import type { SentParams } from '../combine/workers.ts';
import type { TensorData } from '../engine/tensor.ts';
import type { Thread } from './thread.ts';

/** Number of sets of parameters made so far: the id of the next set. */
let count = 0;

/** Parameters of a call, in shared memory if the platform has it, else copied to each thread that needs them. */
export class CallParams implements SentParams {
  readonly id: number = count++;
  readonly params: Params;
  /** Threads that have the parameters. */
  readonly #holders = new Set<Thread>();
  readonly #onRelease: () => void;

  constructor(params: Params, onRelease: () => void) {
    this.#onRelease = onRelease;
    const entries = Object.entries(params);
    this.params = canShare
      ? Object.fromEntries(
          entries.map(([name, { data, shape }]) => [name, { data: sharedCopy(data), shape }]),
        )
      : params;
  }

  /** Sends the parameters to a thread, unless it has them. */
  giveTo(thread: Thread): void {
    if (this.#holders.has(thread)) return;
    thread.post({ kind: 'params', id: this.id, params: this.params });
    this.#holders.add(thread);
  }

  release(): void {
    this.#onRelease();
    for (const thread of this.#holders) thread.post({ kind: 'release', id: this.id });
    this.#holders.clear();
  }
}

/** True if there is shared memory: in Node, and in cross-origin isolated pages. */
const canShare: boolean =
  typeof SharedArrayBuffer === 'function' &&
  // `crossOriginIsolated` is undefined in Node.
  (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated !== false;

function sharedCopy(data: TensorData): TensorData {
  const Type = data.constructor as new (buffer: SharedArrayBuffer) => TensorData;
  const copy = new Type(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}
