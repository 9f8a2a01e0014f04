import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { reasonOf } from '../command/errors.ts';
import type { Affinity, AffinityOptions } from '../read/affinities.ts';
import { readText } from '../read/text.ts';
import type { ScorerName } from '../weights/saved-model.ts';
import { type AffinityRow, affinityRows } from './columns.ts';
import type { Source } from './dataset.ts';
import { readIndex } from './pdbbind.ts';

/** Folders or table in which compounds are listed. */
export interface SourcePaths {
  readonly folder: readonly string[];
  readonly table?: string;
  /** File of affinities, for a folder that contains one folder for each compound. */
  readonly index?: string;
  readonly scorer: ScorerName;
}

/**
 * Finds the compounds of folders or of a table.
 *
 * @throws Error naming the file, and the line if one is malformed
 */
export async function findSources(paths: SourcePaths, options: AffinityOptions): Promise<Source[]> {
  if (paths.table !== undefined) return withUniqueNames(await inTable(paths.table, options));
  const sources: Source[] = [];
  for (const folder of paths.folder) sources.push(...(await inFolder(folder, paths, options)));
  return withUniqueNames(sources);
}

/** Reads a table whose columns `receptor` and `poses` are paths relative to it. */
async function inTable(file: string, options: AffinityOptions): Promise<Source[]> {
  const rows = affinityRows(await readText(file), file, options, { key: 'poses', needs: ['receptor'] });
  return rows.map(({ affinity, field }) => {
    const [receptor, poses] = ['receptor', 'poses'].map(column => {
      const path = field(column);
      return isAbsolute(path) ? path : join(dirname(file), path);
    });
    const name = field('name') || field('ligand') || nameOf(field('poses'));
    const target = field('target') || nameOf(field('receptor'));
    return {
      ...{ name, target, receptor: receptor as string, poses: poses as string },
      ...{ affinity, measuredIn: file },
    };
  });
}

/** Finds the compounds of a folder, which has one receptor for all, a folder for each target, or a folder for each compound. */
async function inFolder(folder: string, paths: SourcePaths, options: AffinityOptions): Promise<Source[]> {
  const stats = await stat(folder).catch((error: NodeJS.ErrnoException) => error);
  if (stats instanceof Error) throw new Error(`cannot read ${folder}: ${reasonOf(stats)}`);
  if (!stats.isDirectory()) throw new Error(`${folder}: expected a folder, found a file`);
  const target = basename(resolve(folder));
  const index = paths.index ?? (await indexIn(folder));
  if (index !== undefined)
    return inCompoundFolders(folder, index, await indexRows(index, options), paths.scorer);
  const file = join(folder, 'affinities.csv');
  const inside = (await glob('*/affinities.csv', { cwd: folder })).sort();
  if (inside.length > 0 && !(await stat(file).catch(() => undefined))) {
    const targets: Source[][] = [];
    for (const path of inside) targets.push(await inFolder(dirname(join(folder, path)), paths, options));
    return targets.flat();
  }
  const rows = affinityRows(await readText(file), file, options);
  const receptors = fileNames('pocket', paths.scorer === 'vina' ? pdbqtEndings : proteinEndings);
  const [receptor] = await existingPaths(folder, receptors);
  if (receptor === undefined) return inCompoundFolders(folder, file, rows, paths.scorer);
  const sources: Source[] = [];
  for (const { affinity, field } of rows) {
    const [existingPoses] = await existingPaths(
      folder,
      fileNames(affinity.ligand, paths.scorer === 'vina' ? pdbqtEndings : ligandEndings),
    );
    // A missing file is not reported here, but when the poses are read.
    const poses = existingPoses ?? join(folder, `${affinity.ligand}.pdbqt`);
    sources.push({
      ...{ name: affinity.ligand, target: field('target') || target, receptor, poses },
      ...{ affinity, measuredIn: file },
    });
  }
  return sources;
}

/** Finds compounds that have a folder each. The name of the folder identifies the compound, and begins the names of its files. */
async function inCompoundFolders(
  folder: string,
  file: string,
  rows: readonly Pick<AffinityRow, 'affinity' | 'field'>[],
  scorer: ScorerName,
): Promise<Source[]> {
  const [receptorEndings, poseEndings] =
    scorer === 'vina' ? [pdbqtEndings, pdbqtEndings] : [proteinEndings, ligandEndings];
  const sources: Source[] = [];
  for (const { affinity, field } of rows) {
    const id = affinity.ligand;
    const inside = join(folder, id);
    const receptorNames = ['pocket', 'protein'].flatMap(part => fileNames(`${id}_${part}`, receptorEndings));
    const [receptor = join(inside, receptorNames[0] as string)] = await existingPaths(inside, receptorNames);
    const ligandNames = ['ligand', 'docked'].flatMap(part => fileNames(`${id}_${part}`, poseEndings));
    const [poses = join(inside, ligandNames[0] as string)] = await existingPaths(inside, ligandNames);
    sources.push({
      ...{ name: id, target: field('target') || id, receptor, poses },
      ...{ affinity, measuredIn: file },
    });
  }
  return sources;
}

/** Returns the path of the index of affinities in a folder, if there is one. */
async function indexIn(folder: string): Promise<string | undefined> {
  const [index] = (await glob(['INDEX*', 'index/INDEX*_data*', 'index.csv'], { cwd: folder })).sort();
  return index === undefined ? undefined : join(folder, index);
}

/** Reads an index of affinities: a table, or an index of PDBbind. */
async function indexRows(file: string, options: AffinityOptions): Promise<AffinityRow[]> {
  const text = await readText(file);
  if (/\.(?:csv|tsv)$/i.test(file)) return affinityRows(text, file, options);
  return readIndex(text, file, options).map((affinity: Affinity) => ({ affinity, field: () => '' }));
}

/** Endings of the files that are looked for, in order. */
const pdbqtEndings = ['pdbqt', 'pdbqt.gz'] as const;
const proteinEndings = [...pdbqtEndings, 'pdb', 'cif', 'pdb.gz', 'cif.gz'];
const ligandEndings = [...pdbqtEndings, 'sdf', 'mol2', 'pdb', 'dlg', 'sdf.gz', 'mol2.gz'];

/** Returns a name for each of the endings. */
function fileNames(stem: string, endings: readonly string[]): string[] {
  return endings.map(ending => `${stem}.${ending}`);
}

/** Returns the paths of those candidates that exist in a folder. */
async function existingPaths(folder: string, candidates: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const name of candidates) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) paths.push(path);
  }
  return paths;
}

/** Returns the name of a file without its extension. */
function nameOf(path: string): string {
  return basename(path).replace(/(?:\.\w+)?(?:\.gz)?$/i, '');
}

/**
 * Makes names unique: if two compounds have the same name, all names are prefixed with their target.
 *
 * @throws Error naming the poses if a target has two compounds of one name
 */
function withUniqueNames(sources: readonly Source[]): Source[] {
  const areUnique = new Set(sources.map(({ name }) => name)).size === sources.length;
  const named = sources.map(source =>
    areUnique ? source : { ...source, name: `${source.target}/${source.name}` },
  );
  const seen = new Set<string>();
  for (const { name, poses } of named) {
    if (seen.has(name)) throw new Error(`${poses}: expected each compound once, found ${name} again`);
    seen.add(name);
  }
  return named;
}
