/**
 * Awaits `pending`, but no longer than until the signal aborts. No listener stays on the signal.
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
 * Reads sync and async iterables as `for await` does, giving each item with its index, counted from `first`. An abort ends it at once,
 * even while the next item is pending; the iterator is asked to close, but not awaited.
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
  // One that failed, or came to its end, is closed.
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
      // Most poses are there already, and what is awaited costs time.
      const { done, value } = isPending(reading) ? await unlessAborted(signal, reading) : reading;
      isOpen = !done;
      signal?.throwIfAborted();
      if (done) return;
      yield { item: value, index };
      signal?.throwIfAborted();
    }
  } finally {
    const closing = close();
    // After an abort nobody waits for it, and nobody is told that it failed.
    closing.catch(() => {});
    if (!signal?.aborted) await unlessAborted(signal, closing);
  }
}

function isPending<T>(thing: T | PromiseLike<T>): thing is PromiseLike<T> {
  return typeof (thing as PromiseLike<T> | undefined)?.then === 'function';
}

/** A signal that aborts with the given one, or when `stop` is called. Always call `stop` at the end. */
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
