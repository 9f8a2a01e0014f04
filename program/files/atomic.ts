import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf } from '../command/errors.ts';

/** File that is being written under a temporary name. A pipe or a device has no temporary name and is written directly. */
export interface Draft {
  /**
   * Appends text or bytes.
   *
   * @throws Error, in one line that names the file and the reason, if it cannot be written
   */
  write(text: string | Uint8Array): Promise<void>;
  /** Moves the file, once it is on disk, to its final name, replacing an existing file. */
  commit(): Promise<void>;
  /** Deletes the temporary file; an existing file stays. Does nothing after `commit`, `discard` or `keepPartial`. */
  discard(): Promise<void>;
  /**
   * Moves the incomplete file to `<file>.partial`; a file that already has the final name stays unchanged.
   *
   * @returns the name of the partial file
   */
  keepPartial(): Promise<string>;
}

/**
 * Opens a temporary file beside `file`, which replaces `file` at `commit`. If `file` is a symbolic link, the link stays and
 * its target is replaced.
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
  /** Replaces an error by one that names the file and the reason. */
  const explained = <T>(work: Promise<T>): Promise<T> =>
    work.catch(error => {
      throw new Error(`cannot write ${file}: ${reasonOf(error)}`);
    });
  const path = await explained(targetOf(file));
  const existing = await stat(path).catch(() => undefined);
  const isPlain = existing === undefined || existing.isFile();
  // Opening fails, with the right reason, for a read-only file and for a folder.
  if (existing?.isFile()) await explained(open(path, 'r+').then(handle => handle.close()));
  if (existing?.isDirectory()) await explained(open(path, 'w'));
  // The random name is unique even if several machines write to the same file on a shared disk.
  const temporary = isPlain ? join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`) : path;
  let handle: FileHandle | undefined = await explained(open(temporary, 'w', existing?.mode));
  if (existing && isPlain) await explained(keepAccess(handle, existing)).catch(dropping(handle, temporary));
  /** Closes the temporary file and renames it, or deletes it if no new name is given. */
  const close = async (newName?: string): Promise<void> => {
    const closing = handle;
    handle = undefined;
    if (!closing) return;
    try {
      if (isPlain && newName !== undefined) await closing.sync();
    } finally {
      await closing.close();
    }
    if (!isPlain) return;
    if (newName === undefined) await rm(temporary, { force: true });
    else await rename(temporary, newName);
  };
  return {
    write: text => explained((handle as FileHandle).writeFile(text)),
    commit: () => explained(close(path)),
    discard: () => close().catch(() => {}),
    async keepPartial() {
      await explained(close(`${path}.partial`));
      return isPlain ? `${path === resolve(file) ? file : path}.partial` : file;
    },
  };
}

/**
 * Returns the path that a write to a file changes: the path to which its symbolic links lead. A file need not exist there yet.
 *
 * @throws Error for circular links, or if the folder of the target is missing
 */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // /dev/stdout may link to a pipe, which exists but has no path.
    const exists = await stat(file).then(Boolean, () => false);
    const link = exists ? undefined : await readlink(file).catch(() => undefined);
    if (link === undefined) return file;
    const target = resolve(dirname(file), link);
    await stat(dirname(target));
    return targetOf(target);
  }
}

/** Copies the permissions of a replaced file to its replacement, whatever the umask; also owner and group, if possible. */
async function keepAccess(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await handle.stat();
  if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid).catch(() => {});
  // The lowest 12 bits are the permissions, the others the type of the file.
  if (own.mode !== mode) await handle.chmod(mode & 0o7777);
}

/** Returns a handler that closes and deletes a file, and throws the error again. */
function dropping(handle: FileHandle, file: string) {
  return async (error: unknown): Promise<never> => {
    await handle.close();
    await rm(file, { force: true });
    throw error;
  };
}

/**
 * Writes a file under a temporary name, and renames it once it is on disk. An existing file stays until then.
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
 * Checks that a file can be written, before the work that produces its content. An existing file is not changed.
 *
 * @throws Error, in one line that names the file and the reason, if it cannot be written
 */
export async function checkWritable(file: string): Promise<void> {
  // If a pipe were opened and closed here, its reader would take that as the end of the results.
  if ((await stat(file).catch(() => undefined))?.isFIFO()) return;
  await (await draftOf(file)).discard();
}
