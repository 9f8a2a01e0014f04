import type { Found } from '../files/find.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { readMolecules } from '../read/files.ts';
import type { ReadOptions } from '../read/molecules.ts';
import type { FileRecord } from '../read/record.ts';
import type { ScoreOptions } from './options.ts';

/** Poses that belong together, in the order they are read. */
export interface Compound {
  readonly name: string;
  /** File of its first pose. */
  readonly file: string;
  /** Chunk that it lies in; absent where files are not cut. */
  readonly chunk?: Chunk;
  /** To be read to its end before the next compound. */
  readonly poses: AsyncIterable<PoseRead>;
}

/** Pose of a file, or why one could not be read. */
export type PoseRead = { readonly file: string; readonly chunk?: Chunk } & (
  | { readonly molecule: Molecule }
  /** With the name of its record, as far as it is known. */
  | { readonly error: Error; readonly name?: string }
);

/** A fixed number of records of a file that follow one another. */
export interface Chunk {
  /** Place of the file in the run's list of files. */
  readonly file: number;
  /** From 0. */
  readonly index: number;
}

/** Cuts a file into chunks, of which some are read. */
export interface Cutter {
  /** Counts a record, and tells whether its chunk is read. */
  readonly takes: (record: FileRecord) => boolean;
  /** Chunk of the record that was counted last. */
  readonly chunk: Chunk;
  /** True if that chunk is read. */
  readonly isTaken: boolean;
}

/** Thrown by a cutter at the first record after all those that are read. */
export class EndOfPart extends Error {}

/** Formats whose records have names, one for each compound. */
const named = /\.(?:sdf|sd|mol|mol2)(?:\.gz)?$/i;

/** Name of the compound of a molecule: its own in SDF and mol2, or one that `refine` wrote; else that of its file. */
export function compoundNameOf({ path, name }: Found, molecule: Molecule): string {
  return molecule.compound ?? ((named.test(path) && molecule.name) || name);
}

/**
 * Reads files and tells where one compound ends and the next begins: with another name in SDF and mol2, and where `refine`
 * wrote several into one file, else with another file. It holds one pose at a time.
 *
 * @param cut makes the cutter of a file, or nothing where no part of it is read; compounds then end with their chunk, too
 */
export async function* compoundsIn(
  files: readonly Found[],
  groupBy: ScoreOptions['groupBy'],
  cut?: (file: number) => Cutter | undefined,
): AsyncGenerator<Compound> {
  const source = keyed(files, groupBy, cut);
  let next = await source.next();
  while (!next.done) {
    const { key, name, pose } = next.value;
    const poses = async function* (): AsyncGenerator<PoseRead> {
      while (!next.done && next.value.key === key) {
        yield next.value.pose;
        next = await source.next();
      }
    };
    yield { name, file: pose.file, ...(pose.chunk && { chunk: pose.chunk }), poses: poses() };
    // What was not read of it.
    while (!next.done && next.value.key === key) next = await source.next();
  }
}

interface Keyed {
  readonly key: string;
  readonly name: string;
  readonly pose: PoseRead;
}

async function* keyed(
  files: readonly Found[],
  groupBy: ScoreOptions['groupBy'],
  cut?: (file: number) => Cutter | undefined,
): AsyncGenerator<Keyed> {
  for (const [nth, { path, name }] of files.entries()) {
    const cutter = cut?.(nth);
    if (cut && !cutter) continue;
    const byName = groupBy === 'name' || (groupBy === undefined && named.test(path));
    let before = '';
    let chunk: Chunk | undefined;
    for await (const pose of posesIn(path, cutter)) {
      // A chunk is read as if it were alone.
      if (pose.chunk !== chunk) before = '';
      chunk = pose.chunk;
      const stated = 'molecule' in pose ? pose.molecule.compound : undefined;
      // A record that cannot be read and has no name belongs to the one before it.
      if ('molecule' in pose) before = stated ?? (byName ? pose.molecule.name : '');
      else if (byName) before = pose.name ?? before;
      const at = pose.chunk ? `${pose.chunk.file}.${pose.chunk.index} ` : '';
      if (groupBy === 'all') yield { key: `${at}all`, name: files.length === 1 ? name : 'all', pose };
      else if (byName && before !== '') yield { key: `${at}name ${before}`, name: before, pose };
      else if (groupBy !== 'file' && before !== '')
        yield { key: `${at}file ${path}, ${before}`, name: before, pose };
      else yield { key: `${at}file ${path}`, name, pose };
    }
  }
}

/** Molecules of a file, and errors where they would stand; one that ends the reading is the last. */
async function* posesIn(file: string, cutter?: Cutter): AsyncGenerator<PoseRead> {
  const bad: PoseRead[] = [];
  const place = () => ({ file, ...(cutter && { chunk: cutter.chunk }) });
  const onBad: ReadOptions['onBad'] = (error, { lines: [first] }) => {
    const name = sdf.test(file) ? first?.content.trim() : undefined;
    bad.push({ ...place(), error, ...(name && { name }) });
  };
  try {
    for await (const molecule of readMolecules(file, { onBad, ...(cutter && { takes: cutter.takes }) })) {
      yield* bad.splice(0);
      yield { ...place(), molecule };
    }
  } catch (error) {
    const isOurs = !(error instanceof EndOfPart) && cutter?.isTaken !== false;
    if (isOurs) bad.push({ ...place(), error: error as Error });
  }
  yield* bad;
}

const sdf = /\.(?:sdf|sd|mol)(?:\.gz)?$/i;
