import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { reasonOf } from '../command/errors.ts';

/** File of poses that {@link findFiles} found. */
export interface Found {
  readonly path: string;
  /**
   * Name of the compound if the file states none. It is a path without extension, relative to the folder or to the fixed part
   * of the pattern; for a file that is given itself, the base name. If two files would have equal names, both have their whole
   * paths.
   */
  readonly name: string;
}

/** Extensions of the files taken from a folder. PDB and mmCIF files, mostly proteins, must be given by name or pattern. */
const extensions: readonly string[] = ['pdbqt', 'dlg', 'sdf', 'sd', 'mol', 'mol2'];

/**
 * Finds files of poses, each once, in the order of `paths`. Files from one folder or pattern are sorted by name, `pose2` before
 * `pose10`.
 *
 * @param paths files, folders and patterns such as `docked/*.pdbqt`
 * @param receptor file of the receptor, which is left out
 * @throws Error that names a path that does not exist, a folder or pattern without files, or the receptor if it is the only file
 */
export async function findFiles(paths: readonly string[], receptor?: string): Promise<Found[]> {
  const files = new Map<string, Found>();
  const excluded = receptor === undefined ? undefined : await realpath(receptor).catch(() => undefined);
  for (const path of paths) {
    const found = await findBy(path);
    for (const file of found) {
      const real = await realpath(file.path);
      if (real !== excluded && !files.has(real)) files.set(real, file);
    }
  }
  if (files.size === 0)
    throw new Error(`${paths.join(', ')}: expected files with poses, found only the receptor ${receptor}`);
  return withUniqueNames([...files.values()]);
}

/**
 * Returns paths with each pattern, such as `sums/*.json`, replaced by the files that match it, sorted by name. A path that
 * exists is not taken as a pattern.
 *
 * @throws Error that names a path that does not exist, or a pattern without matches
 */
export async function expandPatterns(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...((await statOf(path)) ? [path] : await matchesOf(path)));
  return files;
}

/** Returns the files. Each name that several files have is replaced by the path of its file, without extension. */
function withUniqueNames(files: readonly Found[]): Found[] {
  const counts = new Map<string, number>();
  for (const { name } of files) counts.set(name, (counts.get(name) ?? 0) + 1);
  return files.map(({ path, name }) => ({
    path,
    name: counts.get(name) === 1 ? name : withoutExtension(path),
  }));
}

/** Returns the files that a path, folder or pattern stands for. */
async function findBy(path: string): Promise<Found[]> {
  const stats = await statOf(path);
  if (!stats) {
    // The fixed part of a pattern ends with the last slash before the first special character.
    const base = path.slice(0, path.slice(0, path.search(/[*?[\]{}()!+@]/)).lastIndexOf('/') + 1);
    const matches = await matchesOf(path);
    return matches.map(match => ({ path: match, name: withoutExtension(relative(base, match)) }));
  }
  if (!stats.isDirectory()) return [{ path, name: withoutExtension(basename(path)) }];
  const inside = sorted(
    await glob(`**/*.{${extensions.join(',')}}{,.gz}`, { cwd: path, caseSensitiveMatch: false }),
  );
  if (inside.length === 0) {
    throw new Error(
      `${path}: expected files that end in .pdbqt or .dlg or, for schnet, .sdf, .sd, .mol or .mol2, found none; give PDB and mmCIF files by name or pattern, such as '${join(path, '*.pdb')}'`,
    );
  }
  return inside.map(file => ({ path: join(path, file), name: withoutExtension(file) }));
}

/**
 * Returns the status of a file or folder; undefined for a pattern.
 *
 * @throws Error that names the path and the reason, if it does not exist and is no pattern
 */
async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (isDynamicPattern(path)) return undefined;
    throw new Error(`cannot read ${path}: ${reasonOf(error)}`);
  });
}

/** Returns the files that match a pattern, sorted by name. */
async function matchesOf(pattern: string): Promise<string[]> {
  const matches = sorted(await glob(pattern, { expandDirectories: false }));
  if (matches.length === 0) throw new Error(`${pattern}: expected files that match, found none`);
  return matches;
}

/** Order by name, in which `pose2` comes before `pose10`. */
const order = new Intl.Collator('en', { numeric: true });

function sorted(paths: readonly string[]): string[] {
  return [...paths].sort(order.compare);
}

function withoutExtension(path: string): string {
  return path.replace(/(?:\.\w+)?(?:\.gz)?$/i, '');
}
