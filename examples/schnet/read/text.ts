import { readFile } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

/** @throws Error, in one line that names the file and the reason, if it cannot be read */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const [, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? ['', error.message];
    throw new Error(`cannot read ${file}: ${reason}`);
  });
}
