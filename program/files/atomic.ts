import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf } from '../command/errors.ts';

/** A file that is being written. It gets its name only when it is complete. */
export interface Draft {
  /** @throws Error naming the file and the reason */
  write(text: string | Uint8Array): Promise<void>;
  /** Gives the file its name, replacing an existing file. */
  commit(): Promise<void>;
  /**
   * Deletes what was written and keeps an existing file. Does nothing after `commit`, `discard` or
   * `keepPartial`.
   */
  discard(): Promise<void>;
  /**
   * Keeps the incomplete file under another name beside the intended one.
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
  // Symbolic links are kept.
  const path = await sure(targetOf(file));
  const before = await stat(path).catch(() => undefined);
  const isPlain = before === undefined || before.isFile();
  // Fails here for a folder or a read-only file.
  if (before?.isFile()) await sure(open(path, 'r+').then(handle => handle.close()));
  if (before?.isDirectory()) await sure(open(path, 'w'));
  // Machines that share a disk may write the same file.
  const temporary = isPlain ? join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`) : path;
  let handle: FileHandle | undefined = await sure(open(temporary, 'w', before?.mode));
  if (before && isPlain) await sure(keepAccess(handle, before)).catch(dropping(handle, temporary));
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
      await sure(close(`${path}.partial`));
      return isPlain ? `${path === resolve(file) ? file : path}.partial` : file;
    },
  };
}

/**
 * Path that a write to a file goes to: the target of its links, which need not exist yet.
 *
 * @throws Error for circular links, or if the folder of the target is missing
 */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // The link of /dev/stdout to a pipe leads to no path.
    const isThere = await stat(file).then(Boolean, () => false);
    const link = isThere ? undefined : await readlink(file).catch(() => undefined);
    if (link === undefined) return file;
    const target = resolve(dirname(file), link);
    await stat(dirname(target));
    return targetOf(target);
  }
}

/**
 * Gives a file the permissions of the one that it replaces, whatever the umask, and its owner if the system
 * allows.
 */
async function keepAccess(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await handle.stat();
  if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid).catch(() => {});
  if (own.mode !== mode) await handle.chmod(mode & 0o7777);
}

function dropping(handle: FileHandle, file: string) {
  return async (error: unknown): Promise<never> => {
    await handle.close();
    await rm(file, { force: true });
    throw error;
  };
}

/**
 * Writes a whole file, which gets its name only when it is completely on disk. An existing file stays until
 * then.
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
 * Checks that a file can be written, before the work that produces it. Its contents are kept.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot
 */
export async function checkWritable(file: string): Promise<void> {
  // Opening and closing a pipe here would look like the end of the results to its reader.
  if ((await stat(file).catch(() => undefined))?.isFIFO()) return;
  await (await draftOf(file)).discard();
}
