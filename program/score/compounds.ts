import type { Found } from '../files/find.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { readMolecules } from '../read/files.ts';
import type { ReadOptions } from '../read/molecules.ts';
import type { FileRecord } from '../read/record.ts';
import type { ScoreOptions } from './options.ts';

/** Consecutive poses that are pooled into one ΔG. */
export interface Compound {
  readonly name: string;
  /** File of the first pose. */
  readonly file: string;
  /** Chunk of the poses; absent if files are not cut into chunks. */
  readonly chunk?: Chunk;
  /** Poses in the order of the files. Poses that are not read before the next compound are lost. */
  readonly poses: AsyncIterable<PoseOrError>;
}

/** A pose of a file, or the error of one that could not be read. */
export type PoseOrError = {
  readonly file: string;
  /** Position of the pose in its file, from 1. Poses that cannot be read are counted, too. */
  readonly number: number;
  readonly chunk?: Chunk;
} & (
  | { readonly molecule: Molecule }
  /** `name` is the name of the record; absent if it could not be read. */
  | { readonly error: Error; readonly name?: string }
);

/** A fixed number of consecutive records of a file; the last chunk of a file may have fewer. */
export interface Chunk {
  /** Index of the file in the run's list of files. */
  readonly file: number;
  /** Index of the chunk in the file, from 0. */
  readonly index: number;
}

/** Cuts a file into chunks, and chooses those to be read. */
export interface Cutter {
  /** Counts a record. Returns true if its chunk is to be read. */
  readonly takes: (record: FileRecord) => boolean;
  /** Chunk of the record that was counted last. */
  readonly chunk: Chunk;
  /** True if the chunk of the record that was counted last is to be read. */
  readonly isTaken: boolean;
}

/** Thrown by a cutter at the first record after the last chunk to be read. */
export class EndOfPart extends Error {}

/** Names of files in formats whose records name their compound. */
const namesCompounds = /\.(?:sdf|sd|mol|mol2)(?:\.gz)?$/i;

/** Returns the name of a molecule's compound: from the remark that `refine` wrote, else from SDF or mol2, else from the file. */
export function compoundNameOf({ path, name }: Found, molecule: Molecule): string {
  return molecule.compound ?? ((namesCompounds.test(path) && molecule.name) || name);
}

/**
 * Reads files and yields their compounds, with one pose in memory at a time. A new compound begins with another name in SDF,
 * mol2 and files that `refine` wrote for several compounds, else with another file.
 *
 * @param groupBy property that poses of one compound share, in place of these defaults
 * @param cut returns the cutter of a file by its index, or undefined for a file of which nothing is read. With cutters, each
 * chunk begins a new compound, too
 */
export async function* compoundsIn(
  files: readonly Found[],
  groupBy: ScoreOptions['groupBy'],
  cut?: (file: number) => Cutter | undefined,
): AsyncGenerator<Compound> {
  const source = keyedPoses(files, groupBy, cut);
  let next = await source.next();
  while (!next.done) {
    const { key, name, pose } = next.value;
    const poses = async function* (): AsyncGenerator<PoseOrError> {
      while (!next.done && next.value.key === key) {
        yield next.value.pose;
        next = await source.next();
      }
    };
    yield { name, file: pose.file, ...(pose.chunk && { chunk: pose.chunk }), poses: poses() };
    // Skip the poses that the caller has not read.
    while (!next.done && next.value.key === key) next = await source.next();
  }
}

/** A pose with the key of its compound. */
interface Keyed {
  readonly key: string;
  readonly name: string;
  readonly pose: PoseOrError;
}

/** Yields the poses of files in order. Consecutive poses with the same key belong to one compound. */
async function* keyedPoses(
  files: readonly Found[],
  groupBy: ScoreOptions['groupBy'],
  cut?: (file: number) => Cutter | undefined,
): AsyncGenerator<Keyed> {
  for (const [index, { path, name }] of files.entries()) {
    const cutter = cut?.(index);
    if (cut && !cutter) continue;
    const byName = groupBy === 'name' || (groupBy === undefined && namesCompounds.test(path));
    // Name of the compound in the last record that names one.
    let compound = '';
    let chunk: Chunk | undefined;
    for await (const pose of posesIn(path, cutter)) {
      // The compounds of a chunk must not depend on the chunks before.
      if (pose.chunk !== chunk) compound = '';
      chunk = pose.chunk;
      // A record that cannot be read and has no name belongs to the same compound as the one before it.
      if ('molecule' in pose) compound = pose.molecule.compound ?? (byName ? pose.molecule.name : '');
      else if (byName) compound = pose.name ?? compound;
      // A compound ends at the end of its chunk, so keys begin with the chunk.
      const prefix = pose.chunk ? `${pose.chunk.file}.${pose.chunk.index} ` : '';
      if (groupBy === 'all') yield { key: `${prefix}all`, name: files.length === 1 ? name : 'all', pose };
      else if (byName && compound !== '') yield { key: `${prefix}name ${compound}`, name: compound, pose };
      else if (groupBy !== 'file' && compound !== '')
        yield { key: `${prefix}file ${path}, ${compound}`, name: compound, pose };
      else yield { key: `${prefix}file ${path}`, name, pose };
    }
  }
}

/** Yields the molecules of a file in order, and the errors of those that cannot be read. An error of the file itself is last. */
async function* posesIn(file: string, cutter?: Cutter): AsyncGenerator<PoseOrError> {
  const bad: PoseOrError[] = [];
  let lastNumber = 0;
  const origin = (number: number) => {
    lastNumber = number;
    return { file, number, ...(cutter && { chunk: cutter.chunk }) };
  };
  const onBad: ReadOptions['onBad'] = (error, { lines: [first] }, number) => {
    const name = sdf.test(file) ? first?.content.trim() : undefined;
    bad.push({ ...origin(number), error, ...(name && { name }) });
  };
  try {
    for await (const molecule of readMolecules(file, { onBad, ...(cutter && { takes: cutter.takes }) })) {
      yield* bad.splice(0);
      yield { ...origin(molecule.number), molecule };
    }
  } catch (error) {
    // EndOfPart is no error. An error in a chunk that this shard does not read is reported by the shard that reads the chunk.
    const isReported = !(error instanceof EndOfPart) && cutter?.isTaken !== false;
    if (isReported) bad.push({ ...origin(lastNumber + 1), error: error as Error });
  }
  yield* bad;
}

/** Names of SDF files, in which the first line of a record is its name. */
const sdf = /\.(?:sdf|sd|mol)(?:\.gz)?$/i;
