/**
 * Awaits `pending`, or rejects as soon as the signal aborts. It leaves no listener on the signal.
 *
 * @throws the signal's reason
 */
export async function unlessAborted<T>(signal: AbortSignal | undefined, pending: T): Promise<Awaited<T>> {
  if (!signal) return await pending;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted, pending]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Reads a sync or async iterable as `for await` does, and yields each item with its index, counted from `first`. An abort ends
 * the iteration at once, even while the next item is pending. The iterator is then asked to close, but not awaited.
 *
 * @throws the signal's reason
 */
export async function* untilAborted<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  signal: AbortSignal | undefined,
  first = 0,
): AsyncGenerator<{ readonly item: Item; readonly index: number }> {
  signal?.throwIfAborted();
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  // An iterator that failed or reached its end is closed already.
  let isOpen = true;
  const failed = (error: unknown): never => {
    isOpen = false;
    throw error;
  };
  const read = (): IteratorResult<Item> | Promise<IteratorResult<Item>> => {
    try {
      const step = iterator.next();
      return isPending(step) || isPending(step.value) ? readLater(step) : step;
    } catch (error) {
      return failed(error);
    }
  };
  const readLater = async (pending: ReturnType<typeof iterator.next>): Promise<IteratorResult<Item>> => {
    try {
      const { done = false, value } = await pending;
      return { done, value: await value };
    } catch (error) {
      return failed(error);
    }
  };
  const close = async () => isOpen && (await iterator.return?.());
  try {
    for (let index = first; ; index++) {
      const reading = read();
      // Most items are available at once, and each await takes time.
      const { done, value } = isPending(reading) ? await unlessAborted(signal, reading) : reading;
      isOpen = !done;
      signal?.throwIfAborted();
      if (done) return;
      yield { item: value, index };
      signal?.throwIfAborted();
    }
  } finally {
    const closing = close();
    // After an abort the closing is not awaited, so its failure must not become an unhandled rejection.
    closing.catch(() => {});
    if (!signal?.aborted) await unlessAborted(signal, closing);
  }
}

function isPending<T>(thing: T | PromiseLike<T>): thing is PromiseLike<T> {
  return typeof (thing as PromiseLike<T> | undefined)?.then === 'function';
}

/** Makes a signal that aborts when the given one does or when `stop` is called. Always call `stop` at the end. */
export function stoppable(signal: AbortSignal | undefined): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  return {
    signal: controller.signal,
    stop() {
      signal?.removeEventListener('abort', abort);
      controller.abort();
    },
  };
}
