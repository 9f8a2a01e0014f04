import { type Pose, pairsOf } from '../../examples/vina/pairs.ts';
import { type Model, readPdbqt } from '../read/pdbqt.ts';
import { heavyAtoms } from './xs-types.ts';

/** A file as it was read. */
export interface PdbqtFile {
  /** As messages are to call it: a path, or the name of a file dropped on a page. */
  readonly name: string;
  readonly text: string;
}

/** The poses of one compound in one receptor, ready to be scored. */
export interface Ensemble {
  /** The names of the files they come from. */
  readonly files: { readonly receptor: string; readonly poses: string };
  readonly poses: readonly Pose[];
}

/**
 * Makes an ensemble of a receptor and docked poses, each the text of a PDBQT file.
 *
 * @throws Error, in one line that names the file, if one is malformed, if the receptor has several models, if the poses
 * are not of one compound, or if none of them is near the receptor
 */
export function ensembleOf(receptorFile: PdbqtFile, posesFile: PdbqtFile): Ensemble {
  const [receptor, ...others] = readPdbqt(receptorFile.text, receptorFile.name);
  const models = readPdbqt(posesFile.text, posesFile.name);
  if (!receptor || others.length > 0) {
    const found = `found ${others.length + 1}`;
    throw new Error(`${receptorFile.name}: expected one model, as a receptor has, ${found}`);
  }
  const other = models.findIndex(model => compound(model) !== compound(models[0]));
  if (other > 0) {
    throw new Error(
      `${posesFile.name}: expected poses of one compound, found other atoms in pose ${other + 1} than in pose 1`,
    );
  }
  const typed = heavyAtoms(receptor);
  const poses = models.map(model => pairsOf(heavyAtoms(model), typed));
  if (poses.every(pose => pose.ligandAtom.length === 0)) {
    throw new Error(`${posesFile.name}: no pose comes within 8 Å of an atom of ${receptorFile.name}`);
  }
  return { files: { receptor: receptorFile.name, poses: posesFile.name }, poses };
}

/** The same for all conformations of a compound. */
function compound(model: Model | undefined): string | undefined {
  return model?.atoms.map(atom => atom.type.name).join(' ');
}
