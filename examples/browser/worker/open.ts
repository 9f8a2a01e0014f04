import { type Compound, compoundOf, fits } from '../../../program/vina/compound.ts';
import { type DockedPose, poseIn, receptorOf, tooFar } from '../../../program/vina/poses.ts';
import { readMolecule, readMolecules } from '../read.ts';
import { drawn, type Molecule } from './molecules.ts';
import type { Context, Report } from './tasks.ts';

/** Files that the poses come from: the default ones, or the reader's. */
export interface Files {
  readonly receptor: File;
  /** At least one. */
  readonly poses: readonly File[];
  /** The compound whose poses are wanted, from 0 in the order of the files. */
  readonly compound: number;
}

/** A compound of the files: poses with the same atoms and bonds. */
export interface Found {
  /** As its first pose names it; '' if the file has no name for it. */
  readonly name: string;
  /** The file of its first pose. */
  readonly file: string;
  readonly poses: number;
}

/** Contents of the files, once read. */
export interface Opened {
  readonly receptor: Molecule;
  readonly compounds: readonly Found[];
  /** Number of poses of the chosen compound. */
  readonly poses: number;
}

/** Poses between two reports. */
const batch = 64;

/**
 * Reads the files and keeps the poses of one compound for the tasks that follow. Reports how many poses it has read.
 *
 * @throws Error naming file, line, what was expected there and what was found, or if no pose is near the receptor
 */
export async function open(context: Context, files: Files, report: Report<number>): Promise<Opened> {
  const receptor = receptorOf(await readMolecule(files.receptor));
  const found: { readonly compound: Compound; readonly file: string; poses: number }[] = [];
  const poses: DockedPose[] = [];
  let count = 0;
  for (const file of files.poses) {
    for await (const molecule of readMolecules(file)) {
      let place = found.findIndex(({ compound }) => fits(compound, molecule));
      if (place < 0) place = found.push({ compound: compoundOf(molecule), file: file.name, poses: 0 }) - 1;
      const { compound } = found[place] as (typeof found)[number];
      (found[place] as (typeof found)[number]).poses++;
      if (place === files.compound) {
        poses.push(poseIn(receptor, compound, molecule) as DockedPose);
      }
      if (++count % batch === 0) report(count);
    }
  }
  const [first] = poses;
  if (!first) throw new RangeError(`there is no compound ${files.compound + 1}, only ${found.length}`);
  if (poses.every(({ ligandAtom }) => ligandAtom.length === 0))
    throw tooFar(first.molecule, receptor.molecule);
  context.poses = poses;
  return {
    receptor: drawn(receptor.molecule),
    compounds: found.map(({ compound, file, poses }) => ({ name: compound.molecule.name, file, poses })),
    poses: poses.length,
  };
}
