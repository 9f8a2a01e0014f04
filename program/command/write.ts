import { ClosedPipe, reasonOf } from './errors.ts';
import type { Output } from './terminal.ts';

/** Function that writes text, and resolves when it is written. */
export type Write = (text: string) => Promise<void>;

/**
 * Returns a function that writes to standard output. It rejects with {@link ClosedPipe} if the reader has closed the stream, and with
 * an Error that names standard output and the reason if the write fails otherwise.
 */
export function writeTo(stream: Output): Write {
  return text =>
    new Promise((resolve, reject) => {
      stream.write(text, error => {
        if (!error) return resolve();
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return reject(new ClosedPipe());
        reject(new Error(`cannot write standard output: ${reasonOf(error)}`));
      });
    });
}

/**
 * Keeps 'error' events of a stream from ending the process. A failed write is still reported: it rejects the promise of
 * {@link writeTo}.
 *
 * @returns a function that removes this protection. Call it after the last write
 */
export function ignoreStreamErrors(stream: Output): () => Promise<void> {
  const ignore = () => {};
  stream.on('error', ignore);
  return async () => {
    // A write to a pipe or file fails at once, but the stream emits the error later.
    await new Promise(resolve => setImmediate(resolve));
    stream.off('error', ignore);
  };
}
