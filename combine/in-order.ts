import { type stoppable, unlessAborted } from './aborting.ts';

/**
 * Calls `run` with each item as it is read, with at most `ahead` calls at once, and yields the results in the order of the
 * items. A source that is faster than `run` waits. An error, an abort, or a consumer that stops early ends all runs, by
 * aborting the signal that `run` uses.
 *
 * @throws the error of the first failed item, or the signal's reason
 */
export async function* inOrder<Item, Result>(
  items: AsyncGenerator<Item>,
  ahead: number,
  { signal, stop }: ReturnType<typeof stoppable>,
  run: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<{ readonly result: Result }>[] = [];
  let reading: Promise<IteratorResult<Item, unknown>> | undefined;
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      if (!isAtEnd && running.length < ahead)
        // An error of the source is thrown later, after the results and errors of the items read before.
        reading ??= items.next().catch(error => {
          failure = { error };
          return { done: true, value: undefined };
        });
      const [first] = running;
      if (!reading && !first) {
        if (failure) throw failure.error;
        return;
      }
      const next = await unlessAborted(signal, Promise.race([first, reading].filter(promise => !!promise)));
      if ('result' in next) {
        running.shift();
        yield next.result;
        continue;
      }
      reading = undefined;
      isAtEnd = next.done === true;
      if (next.done) continue;
      const pending = run(next.value).then(result => ({ result }));
      // If another item fails first, this promise is never awaited.
      pending.catch(() => {});
      running.push(pending);
    }
  } finally {
    stop();
    reading?.catch(() => {});
    // Closes the source. After `stop` this waits neither for the item being read nor for the source.
    await items.return(undefined).catch(() => {});
  }
}
