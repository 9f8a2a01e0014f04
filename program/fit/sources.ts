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

/** Places where compounds are listed. */
export interface Places {
  readonly folder: readonly string[];
  readonly table?: string;
  /** File of affinities for a folder of folders. */
  readonly index?: string;
  readonly scorer: ScorerName;
}

/**
 * Finds the compounds of folders, or of a table.
 *
 * @throws Error naming the file and, where there is one, the line that is wrong
 */
export async function findSources(places: Places, options: AffinityOptions): Promise<Source[]> {
  if (places.table !== undefined) return distinct(await inTable(places.table, options));
  const found: Source[][] = [];
  for (const folder of places.folder) found.push(await inFolder(folder, places, options));
  return distinct(found.flat());
}

/** Rows with the columns `receptor` and `poses`: paths relative to the table. */
async function inTable(file: string, options: AffinityOptions): Promise<Source[]> {
  const rows = affinityRows(await readText(file), file, options, { key: 'poses', needs: ['receptor'] });
  return rows.map(({ affinity, field }) => {
    const [receptor, poses] = ['receptor', 'poses'].map(column => {
      const path = field(column);
      return isAbsolute(path) ? path : join(dirname(file), path);
    });
    const name = field('name') || field('ligand') || nameOf(field('poses'));
    const target = field('target') || nameOf(field('receptor'));
    return { name, target, receptor: receptor as string, poses: poses as string, affinity };
  });
}

async function inFolder(folder: string, places: Places, options: AffinityOptions): Promise<Source[]> {
  const there = await stat(folder).catch((error: NodeJS.ErrnoException) => error);
  if (there instanceof Error) throw new Error(`cannot read ${folder}: ${reasonOf(there)}`);
  if (!there.isDirectory()) throw new Error(`${folder}: expected a folder, found a file`);
  const target = basename(resolve(folder));
  const index = places.index ?? (await indexIn(folder));
  if (index !== undefined) return byComplex(folder, await indexRows(index, options), places.scorer);
  const file = join(folder, 'affinities.csv');
  const inside = (await glob('*/affinities.csv', { cwd: folder })).sort();
  if (inside.length > 0 && !(await stat(file).catch(() => undefined))) {
    const targets: Source[][] = [];
    for (const path of inside) targets.push(await inFolder(dirname(join(folder, path)), places, options));
    return targets.flat();
  }
  const rows = affinityRows(await readText(file), file, options);
  const receptors = names('pocket', places.scorer === 'vina' ? pdbqt : proteins);
  const [receptor] = await existing(folder, receptors);
  if (receptor === undefined) return byComplex(folder, rows, places.scorer);
  const sources: Source[] = [];
  for (const { affinity, field } of rows) {
    const [found] = await existing(
      folder,
      names(affinity.ligand, places.scorer === 'vina' ? pdbqt : ligands),
    );
    // A missing file is reported when it is read.
    const poses = found ?? join(folder, `${affinity.ligand}.pdbqt`);
    sources.push({ name: affinity.ligand, target: field('target') || target, receptor, poses, affinity });
  }
  return sources;
}

/** A folder for each compound, named by its identifier, which is the first part of the names of its files. */
async function byComplex(
  folder: string,
  rows: readonly Pick<AffinityRow, 'affinity' | 'field'>[],
  scorer: ScorerName,
): Promise<Source[]> {
  const kinds = scorer === 'vina' ? [pdbqt, pdbqt] : [proteins, ligands];
  const sources: Source[] = [];
  for (const { affinity, field } of rows) {
    const id = affinity.ligand;
    const inside = join(folder, id);
    const receptorNames = ['pocket', 'protein'].flatMap(part => names(`${id}_${part}`, kinds[0] ?? []));
    const [receptor = join(inside, receptorNames[0] as string)] = await existing(inside, receptorNames);
    const ligandNames = ['ligand', 'docked'].flatMap(part => names(`${id}_${part}`, kinds[1] ?? []));
    const [poses = join(inside, ligandNames[0] as string)] = await existing(inside, ligandNames);
    sources.push({ name: id, target: field('target') || id, receptor, poses, affinity });
  }
  return sources;
}

async function indexIn(folder: string): Promise<string | undefined> {
  const [found] = (await glob(['INDEX*', 'index/INDEX*_data*', 'index.csv'], { cwd: folder })).sort();
  return found === undefined ? undefined : join(folder, found);
}

async function indexRows(file: string, options: AffinityOptions): Promise<AffinityRow[]> {
  const text = await readText(file);
  if (/\.(?:csv|tsv)$/i.test(file)) return affinityRows(text, file, options);
  return readIndex(text, file, options).map((affinity: Affinity) => ({ affinity, field: () => '' }));
}

const pdbqt = ['pdbqt', 'pdbqt.gz'] as const;
const proteins = [...pdbqt, 'pdb', 'cif', 'pdb.gz', 'cif.gz'];
const ligands = [...pdbqt, 'sdf', 'mol2', 'pdb', 'dlg', 'sdf.gz', 'mol2.gz'];

function names(stem: string, endings: readonly string[]): string[] {
  return endings.map(ending => `${stem}.${ending}`);
}

async function existing(folder: string, candidates: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of candidates) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) found.push(path);
  }
  return found;
}

function nameOf(path: string): string {
  return basename(path).replace(/(?:\.\w+)?(?:\.gz)?$/i, '');
}

/** Sources with unique names: if targets share a name, all names get their target in front. */
function distinct(sources: readonly Source[]): Source[] {
  const isOnce = new Set(sources.map(({ name }) => name)).size === sources.length;
  const named = sources.map(source =>
    isOnce ? source : { ...source, name: `${source.target}/${source.name}` },
  );
  const seen = new Set<string>();
  for (const { name, poses } of named) {
    if (seen.has(name)) throw new Error(`${poses}: expected each compound once, found ${name} again`);
    seen.add(name);
  }
  return named;
}
