import { ClosedPipe, reasonOf } from './errors.ts';
import type { Output } from './terminal.ts';

/** Writes text, and resolves when it is written. */
export type Write = (text: string) => Promise<void>;

/**
 * Writes to standard output.
 *
 * @throws ClosedPipe where its reader has gone, Error naming standard output where it cannot be written
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
 * Keeps failures of a stream from ending the process: those of a write come back to who wrote.
 *
 * @returns a function that ends this when the last write is done
 */
export function withoutUncaught(stream: Output): () => Promise<void> {
  const ignore = () => {};
  stream.on('error', ignore);
  return async () => {
    // Writes to pipes and files fail at once, but tell it later.
    await new Promise(resolve => setImmediate(resolve));
    stream.off('error', ignore);
  };
}
