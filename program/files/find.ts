import { realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { reasonOf } from '../command/errors.ts';

/** A file of poses. */
export interface Found {
  readonly path: string;
  /**
   * Path relative to the folder or pattern that found it, without extension: the name of a compound that has
   * no other.
   */
  readonly name: string;
}

/**
 * Extensions of the files that are taken from a folder. PDB and mmCIF files, mostly proteins, must be named.
 */
const endings: readonly string[] = ['pdbqt', 'dlg', 'sdf', 'sd', 'mol', 'mol2'];

/**
 * Files, the files with poses in folders, and those that patterns such as `docked/*.pdbqt` match, each once: in the order
 * that they are asked for, those of a folder by name, `pose2` before `pose10`.
 *
 * @param except a file to leave out, such as the receptor in the same folder
 * @throws Error naming a path that does not exist or a pattern that matches nothing
 */
export async function findFiles(asked: readonly string[], except?: string): Promise<Found[]> {
  const files = new Map<string, Found>();
  const excluded = except === undefined ? undefined : await realpath(except).catch(() => undefined);
  for (const path of asked) {
    const found = await findBy(path);
    for (const each of found) {
      const real = await realpath(each.path);
      if ((found.length > 1 || asked.length > 1) && real === excluded) continue;
      if (!files.has(real)) files.set(real, each);
    }
  }
  if (files.size === 0) throw new Error(`${asked.join(', ')}: expected files with poses, found none`);
  return withOwnNames([...files.values()]);
}

/** Names files by their paths if their names are equal. */
function withOwnNames(files: readonly Found[]): Found[] {
  const counts = new Map<string, number>();
  for (const { name } of files) counts.set(name, (counts.get(name) ?? 0) + 1);
  return files.map(({ path, name }) => ({ path, name: counts.get(name) === 1 ? name : withoutEnding(path) }));
}

async function findBy(path: string): Promise<Found[]> {
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (there instanceof Error) {
    if (!isDynamicPattern(path)) throw new Error(`cannot read ${path}: ${reasonOf(there)}`);
    const base = path.slice(0, path.slice(0, path.search(/[*?[\]{}()!+@]/)).lastIndexOf('/') + 1);
    const matches = sorted(await glob(path, { expandDirectories: false }));
    if (matches.length === 0) throw new Error(`${path}: expected files that match, found none`);
    return matches.map(match => ({ path: match, name: withoutEnding(relative(base, match)) }));
  }
  if (!there.isDirectory()) return [{ path, name: withoutEnding(basename(path)) }];
  const inside = sorted(
    await glob(`**/*.{${endings.join(',')}}{,.gz}`, { cwd: path, caseSensitiveMatch: false }),
  );
  if (inside.length === 0) {
    throw new Error(`${path}: expected files that end in ${endings.map(each => `.${each}`).join(', ')}`);
  }
  return inside.map(each => ({ path: join(path, each), name: withoutEnding(each) }));
}

const order = new Intl.Collator('en', { numeric: true });

function sorted(paths: readonly string[]): string[] {
  return [...paths].sort(order.compare);
}

function withoutEnding(path: string): string {
  return path.replace(/(?:\.\w+)?(?:\.gz)?$/i, '');
}
