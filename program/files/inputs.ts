import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

/**
 * Rejects outputs that would replace an input, including through symbolic links. Files that are undefined are ignored.
 *
 * @throws Error that names the first such output
 */
export async function checkReplacesNoInput(
  outputs: readonly (string | undefined)[],
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const paths = (files: readonly (string | undefined)[]) =>
    Promise.all(
      files
        .filter(file => file !== undefined)
        .map(async file => ({ file, path: await realpath(file).catch(() => resolve(file)) })),
    );
  const inputPaths = new Set((await paths(inputs)).map(({ path }) => path));
  const output = (await paths(outputs)).find(({ path }) => inputPaths.has(path));
  if (output)
    throw new Error(`${output.file} is an input, which the output would replace; choose another name`);
}
