import { randomUUID } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { reasonOf } from '../command/errors.ts';

/** A file that is being written. Nobody sees it by its name before it is whole. */
export interface Draft {
  /** @throws Error naming the file and the reason */
  write(text: string | Uint8Array): Promise<void>;
  /** Gives the file its name, in place of what had it before. */
  commit(): Promise<void>;
  /** Drops what was written; what had the name before stays. Does nothing after another end. */
  discard(): Promise<void>;
  /**
   * Keeps what was written beside the file that it was to be.
   *
   * @returns its name
   */
  keepPartial(): Promise<string>;
}

/**
 * Begins a file beside the one it is to replace. A device or a pipe is written as it is.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be written
 * @example
 * const draft = await draftOf('scores.csv');
 * try {
 *   await draft.write('compound,score\n');
 *   await draft.commit();
 * } finally {
 *   await draft.discard();
 * }
 */
export async function draftOf(file: string): Promise<Draft> {
  const sure = <T>(work: Promise<T>): Promise<T> =>
    work.catch(error => {
      throw new Error(`cannot write ${file}: ${reasonOf(error)}`);
    });
  // A link stays a link.
  const path = await realpath(file).catch(() => file);
  const before = await stat(path).catch(() => undefined);
  const isPlain = before === undefined || before.isFile();
  // A folder, or a file that is not to be changed, says so here.
  if (before?.isFile()) await sure(open(path, 'r+').then(handle => handle.close()));
  if (before?.isDirectory()) await sure(open(path, 'w'));
  // Two machines that share a disk may write the same file.
  const temporary = isPlain ? join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`) : path;
  let handle: FileHandle | undefined = await sure(open(temporary, 'w', before?.mode));
  const close = async (renamed?: string): Promise<void> => {
    const closing = handle;
    handle = undefined;
    if (!closing) return;
    try {
      if (isPlain && renamed !== undefined) await closing.sync();
    } finally {
      await closing.close();
    }
    if (!isPlain) return;
    if (renamed === undefined) await rm(temporary, { force: true });
    else await rename(temporary, renamed);
  };
  return {
    write: text => sure((handle as FileHandle).writeFile(text)),
    commit: () => sure(close(path)),
    discard: () => close().catch(() => {}),
    async keepPartial() {
      const partial = isPlain ? `${file}.partial` : file;
      await sure(close(`${path}.partial`));
      return partial;
    },
  };
}

/**
 * Writes a whole file, which has its name only when all of it is on the disk. What had the name before stays until then.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be written
 */
export async function writeAtomically(file: string, content: string | Uint8Array): Promise<void> {
  const draft = await draftOf(file);
  try {
    await draft.write(content);
    await draft.commit();
  } finally {
    await draft.discard();
  }
}

/**
 * Makes sure that a file can be written, before the work whose result it is for. What is in it stays.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot
 */
export async function checkWritable(file: string): Promise<void> {
  // Who reads a pipe would take the end of a test for that of the results.
  if ((await stat(file).catch(() => undefined))?.isFIFO()) return;
  await (await draftOf(file)).discard();
}
