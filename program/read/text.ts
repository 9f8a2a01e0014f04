import { readFile } from 'node:fs/promises';
import { reasonOf } from '../command/errors.ts';

/**
 * Reads a text file.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be read
 */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadableError(file, error);
  });
}

/** Error that names a file and the reason why it cannot be read. */
export function unreadableError(file: string, error: NodeJS.ErrnoException): Error {
  // Error numbers of zlib differ from those of the system.
  const reason = error.code?.startsWith('Z_') ? `${error.message}, as gzip` : reasonOf(error);
  return new Error(`cannot read ${file}: ${reason}`);
}
