import type { Molecule } from '../molecule/molecule.ts';
import { moleculeOf, moleculesOf } from '../read/molecules.ts';
import { compoundOf } from './compound.ts';
import { type DockedPose, otherAtoms, poseIn, type Receptor, receptorOf, tooFar } from './poses.ts';

/** A PDBQT file that was read. */
export interface PdbqtFile {
  /** Name for messages: a path, or the name of a file dropped on a page. */
  readonly name: string;
  readonly text: string;
}

/** The poses of one compound in one receptor, ready to be scored. */
export interface Ensemble {
  /** The names of the files they come from. */
  readonly files: { readonly receptor: string; readonly poses: string };
  readonly receptor: Receptor;
  readonly poses: readonly DockedPose[];
}

/**
 * Makes an ensemble of a receptor and docked poses, each the text of a PDBQT file.
 *
 * @throws Error, in one line that names the file, if one is malformed, if the receptor has several models, if the poses
 * are not of one compound, or if none of them is near the receptor
 */
export function ensembleOf(receptorFile: PdbqtFile, posesFile: PdbqtFile): Ensemble {
  const receptor = receptorOf(moleculeOf(receptorFile.text, receptorFile.name));
  const molecules = [...moleculesOf(posesFile.text, posesFile.name)];
  const compound = compoundOf(molecules[0] as Molecule);
  const poses = molecules.map((molecule, n) => {
    const pose = poseIn(receptor, compound, molecule);
    if (!pose) throw otherAtoms(molecule, n + 1);
    return pose;
  });
  if (poses.every(pose => pose.ligandAtom.length === 0)) throw tooFar(compound.molecule, receptor.molecule);
  return { files: { receptor: receptorFile.name, poses: posesFile.name }, receptor, poses };
}
