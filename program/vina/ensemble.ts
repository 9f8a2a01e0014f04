import type { Molecule } from '../molecule/molecule.ts';
import { moleculeOf, moleculesOf } from '../read/molecules.ts';
import { compoundOf } from './compound.ts';
import { type DockedPose, otherAtomsError, poseIn, type Receptor, receptorOf, tooFarError } from './poses.ts';

/** Text of a PDBQT file. */
export interface PdbqtFile {
  /** Name for messages: a path, or the name of a file dropped on a page. */
  readonly name: string;
  readonly text: string;
}

/** Poses of one compound in one receptor, ready to be scored. */
export interface Ensemble {
  /** Names of the receptor's file and of the poses' file. */
  readonly files: { readonly receptor: string; readonly poses: string };
  readonly receptor: Receptor;
  readonly poses: readonly DockedPose[];
}

/**
 * Makes an ensemble of a receptor and docked poses.
 *
 * @throws Error, in one line that names the file, if a file is malformed, if the receptor has several models, if the poses
 * are not of one compound, or if none of them is near the receptor
 */
export function ensembleOf(receptorFile: PdbqtFile, posesFile: PdbqtFile): Ensemble {
  const receptor = receptorOf(moleculeOf(receptorFile.text, receptorFile.name));
  const molecules = [...moleculesOf(posesFile.text, posesFile.name)];
  const compound = compoundOf(molecules[0] as Molecule);
  const poses = molecules.map((molecule, n) => {
    const pose = poseIn(receptor, compound, molecule);
    if (!pose) throw otherAtomsError(molecule, n + 1);
    return pose;
  });
  if (poses.every(pose => pose.ligandAtom.length === 0))
    throw tooFarError(compound.molecule, receptor.molecule);
  return { files: { receptor: receptorFile.name, poses: posesFile.name }, receptor, poses };
}
