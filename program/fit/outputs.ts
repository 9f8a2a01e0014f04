import { ClosedPipe } from '../command/errors.ts';
import type { Write } from '../command/write.ts';

/**
 * Returns a function that writes to standard output. If the reader of a pipe has gone, as with `head`, and the results are
 * also written to files, the function ignores further text.
 *
 * @throws ClosedPipe when called, if the reader has gone and no file is to be written
 */
export function ignoringClosedPipe(write: Write, hasFiles: boolean): Write {
  let isOpen = true;
  return async text => {
    if (!isOpen) return;
    try {
      await write(text);
    } catch (error) {
      if (!(hasFiles && error instanceof ClosedPipe)) throw error;
      isOpen = false;
    }
  };
}
