import { type Compound, compoundOf, matchCompound } from '../../../program/vina/compound.ts';
import { type DockedPose, poseIn, receptorOf, tooFarError } from '../../../program/vina/poses.ts';
import { readMolecule, readMolecules } from '../read.ts';
import { drawable, type Molecule } from './molecules.ts';
import type { Context, Report } from './tasks.ts';

/** Files to read: the page's own, or the visitor's. */
export interface Files {
  readonly receptor: File;
  /** Files of poses, at least one. */
  readonly poses: readonly File[];
  /** Index of the compound whose poses to use, from 0, in the order of the files. */
  readonly compound: number;
}

/** Compound in the files: all poses with the same atoms and bonds. */
export interface CompoundSummary {
  /** Name in the first pose; '' if that pose has no name. */
  readonly name: string;
  /** Name of the file with its first pose. */
  readonly file: string;
  /** Number of its poses. */
  readonly poses: number;
}

/** Contents of the files, once read. */
export interface Opened {
  readonly receptor: Molecule;
  readonly compounds: readonly CompoundSummary[];
  /** Number of poses of the chosen compound. */
  readonly poses: number;
}

/** Number of poses between two reports of progress. */
const posesPerReport = 64;

/**
 * Reads the files and stores the poses of one compound in the context, for the tasks that follow. Reports the number of poses
 * read so far.
 *
 * @throws Error naming the file and line, what was expected and what was found; or if no pose is near the receptor
 */
export async function open(context: Context, files: Files, report: Report<number>): Promise<Opened> {
  const receptor = receptorOf(await readMolecule(files.receptor));
  const compounds: { readonly compound: Compound; readonly file: string; poses: number }[] = [];
  const poses: DockedPose[] = [];
  let count = 0;
  for (const file of files.poses) {
    for await (const molecule of readMolecules(file)) {
      let index = compounds.findIndex(({ compound }) => matchCompound(compound, molecule));
      if (index < 0)
        index = compounds.push({ compound: compoundOf(molecule), file: file.name, poses: 0 }) - 1;
      const entry = compounds[index] as (typeof compounds)[number];
      entry.poses++;
      if (index === files.compound) poses.push(poseIn(receptor, entry.compound, molecule) as DockedPose);
      if (++count % posesPerReport === 0) report(count);
    }
  }
  const [first] = poses;
  if (!first) throw new RangeError(`there is no compound ${files.compound + 1}, only ${compounds.length}`);
  if (poses.every(({ ligandAtom }) => ligandAtom.length === 0))
    throw tooFarError(first.molecule, receptor.molecule);
  context.poses = poses;
  return {
    receptor: drawable(receptor.molecule),
    compounds: compounds.map(({ compound, file, poses }) => ({ name: compound.molecule.name, file, poses })),
    poses: poses.length,
  };
}
