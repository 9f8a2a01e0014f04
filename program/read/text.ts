import { readFile } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

/**
 * Reads a text file.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be read
 */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file, error);
  });
}

/** Error that names a file and the reason why it cannot be read. */
export function unreadable(file: string, error: NodeJS.ErrnoException): Error {
  return new Error(`cannot read ${file}: ${reasonOf(error)}`);
}

function reasonOf({ errno = 0, code = '', message }: NodeJS.ErrnoException): string {
  // Error numbers of zlib differ from those of the system.
  if (code.startsWith('Z_')) return `${message}, as gzip`;
  return getSystemErrorMap().get(errno)?.[1] ?? message;
}
