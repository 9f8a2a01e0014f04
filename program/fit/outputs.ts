import { ClosedPipe } from '../command/errors.ts';
import type { Write } from '../command/write.ts';

/**
 * Writes to standard output. Where its reader goes, as `head` does, work whose result is a file goes on in silence.
 *
 * @throws ClosedPipe where there is no such work
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
