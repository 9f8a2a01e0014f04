import type { Found } from '../files/find.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { readMolecules } from '../read/files.ts';
import type { ReadOptions } from '../read/molecules.ts';
import type { ScoreOptions } from './options.ts';

/** Poses that belong together, in the order they are read. */
export interface Compound {
  readonly name: string;
  /** File of its first pose. */
  readonly file: string;
  /** To be read to its end before the next compound. */
  readonly poses: AsyncIterable<PoseRead>;
}

/** Pose of a file, or why one could not be read. */
export type PoseRead = { readonly file: string } & (
  | { readonly molecule: Molecule }
  /** With the name of its record, as far as it is known. */
  | { readonly error: Error; readonly name?: string }
);

/** Formats whose records have names, one for each compound. */
const named = /\.(?:sdf|sd|mol|mol2)(?:\.gz)?$/i;

/**
 * Reads files and tells where one compound ends and the next begins: with another name in SDF and mol2, else with another
 * file. It holds one pose at a time.
 */
export async function* compoundsIn(
  files: readonly Found[],
  groupBy: ScoreOptions['groupBy'],
): AsyncGenerator<Compound> {
  const source = keyed(files, groupBy);
  let next = await source.next();
  while (!next.done) {
    const { key, name, pose } = next.value;
    const poses = async function* (): AsyncGenerator<PoseRead> {
      while (!next.done && next.value.key === key) {
        yield next.value.pose;
        next = await source.next();
      }
    };
    yield { name, file: pose.file, poses: poses() };
    // What was not read of it.
    while (!next.done && next.value.key === key) next = await source.next();
  }
}

interface Keyed {
  readonly key: string;
  readonly name: string;
  readonly pose: PoseRead;
}

async function* keyed(files: readonly Found[], groupBy: ScoreOptions['groupBy']): AsyncGenerator<Keyed> {
  for (const { path, name } of files) {
    const byName = groupBy === 'name' || (groupBy === undefined && named.test(path));
    let before = '';
    for await (const pose of posesIn(path)) {
      // What has no name that could be read belongs to what stands before it.
      before = 'molecule' in pose ? pose.molecule.name : (pose.name ?? before);
      if (groupBy === 'all') yield { key: 'all', name: files.length === 1 ? name : 'all', pose };
      else if (byName && before !== '') yield { key: `name ${before}`, name: before, pose };
      else yield { key: `file ${path}`, name, pose };
    }
  }
}

/** Molecules of a file, and errors where they would stand; one that ends the reading is the last. */
async function* posesIn(file: string): AsyncGenerator<PoseRead> {
  const bad: PoseRead[] = [];
  const onBad: ReadOptions['onBad'] = (error, { lines: [first] }) => {
    const name = sdf.test(file) ? first?.content.trim() : undefined;
    bad.push({ file, error, ...(name && { name }) });
  };
  try {
    for await (const molecule of readMolecules(file, { onBad })) {
      yield* bad.splice(0);
      yield { file, molecule };
    }
  } catch (error) {
    bad.push({ file, error: error as Error });
  }
  yield* bad;
}

const sdf = /\.(?:sdf|sd|mol)(?:\.gz)?$/i;
