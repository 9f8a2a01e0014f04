import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

/** @throws Error naming an output that is also an input, which it would replace */
export async function checkNoInput(
  outputs: readonly (string | undefined)[],
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const paths = (files: readonly (string | undefined)[]) =>
    Promise.all(
      files
        .filter(file => file !== undefined)
        .map(async file => ({ file, path: await realpath(file).catch(() => resolve(file)) })),
    );
  const read = new Set((await paths(inputs)).map(({ path }) => path));
  const both = (await paths(outputs)).find(({ path }) => read.has(path));
  if (both) throw new Error(`${both.file} is an input, which the output would replace; choose another name`);
}
