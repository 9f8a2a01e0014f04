import { ClosedPipe } from '../command/errors.ts';
import type { Write } from '../command/write.ts';

/**
 * Writes to standard output. If its reader goes away, as `head` does, work whose result is a file goes on
 * silently.
 *
 * @throws ClosedPipe if the reader is gone and no file is to be written
 */
export function outputs(write: Write, hasFiles: boolean): Write {
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
