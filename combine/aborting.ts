/**
 * What `pending` comes to; or, as soon as the signal aborts, its reason is thrown, whatever `pending` comes to later. No
 * listener stays on the signal.
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
 * Reads sync and async iterables as `for await` does, but an abort ends it at once: also while the next item is pending,
 * and without waiting for the iterator to close, which it only asks for.
 *
 * @throws the signal's reason
 */
export async function* untilAborted<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Awaited<Item>> {
  signal?.throwIfAborted();
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  // One that failed, or came to its end, is closed.
  let isOpen = true;
  const read = async () => {
    try {
      const { done = false, value } = await iterator.next();
      isOpen = !done;
      return { done, value: await value };
    } catch (error) {
      isOpen = false;
      throw error;
    }
  };
  const close = async () => isOpen && (await iterator.return?.());
  try {
    for (;;) {
      const { done, value } = await unlessAborted(signal, read());
      signal?.throwIfAborted();
      if (done) return;
      yield value;
      signal?.throwIfAborted();
    }
  } finally {
    const closing = close();
    // After an abort nobody waits for it, and nobody is told that it failed.
    closing.catch(() => {});
    if (!signal?.aborted) await unlessAborted(signal, closing);
  }
}
