import { readFile } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { type Pose, pairsOf } from './pairs.ts';
import { type Model, readPdbqt } from './pdbqt.ts';
import { heavyAtoms } from './xs-types.ts';

/** The poses of one compound in one receptor, ready to be scored. */
export interface Ensemble {
  /** Paths of the files they come from. */
  readonly files: { readonly receptor: string; readonly poses: string };
  readonly poses: readonly Pose[];
}

/**
 * Reads a receptor and docked poses from PDBQT files.
 *
 * @throws Error, in one line that names the file, if one cannot be read, if the receptor has several models, if the
 * poses are not of one compound, or if none of them is near the receptor
 */
export async function readEnsemble(receptorFile: string, posesFile: string): Promise<Ensemble> {
  const [receptor, ...others] = await readModels(receptorFile);
  const models = await readModels(posesFile);
  if (!receptor || others.length > 0) {
    throw new Error(`${receptorFile}: expected one model, as a receptor has, found ${others.length + 1}`);
  }
  const other = models.findIndex(model => compound(model) !== compound(models[0]));
  if (other > 0) {
    throw new Error(
      `${posesFile}: expected poses of one compound, found other atoms in pose ${other + 1} than in pose 1`,
    );
  }
  const typed = heavyAtoms(receptor);
  const poses = models.map(model => pairsOf(heavyAtoms(model), typed));
  if (poses.every(pose => pose.ligandAtom.length === 0)) {
    throw new Error(`${posesFile}: no pose comes within 8 Å of an atom of ${receptorFile}`);
  }
  return { files: { receptor: receptorFile, poses: posesFile }, poses };
}

async function readModels(file: string): Promise<Model[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const [, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? ['', error.message];
    throw new Error(`cannot read ${file}: ${reason}`);
  });
  return readPdbqt(text, file);
}

/** The same for all conformations of a compound. */
function compound(model: Model | undefined): string | undefined {
  return model?.atoms.map(atom => atom.type.name).join(' ');
}
