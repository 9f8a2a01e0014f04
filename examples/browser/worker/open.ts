import type { Molecule as FileMolecule } from '../../../program/molecule/molecule.ts';
import { symbolOf } from '../../../program/read/elements.ts';
import { findBonds } from '../../../program/vina/bonds.ts';
import { ensembleOf, type PdbqtFile } from '../../../program/vina/ensemble.ts';
import type { Context } from './tasks.ts';

/** Files that the poses come from: the default ones, or the reader's. */
export interface Files {
  readonly receptor: PdbqtFile;
  readonly poses: PdbqtFile;
}

/** A molecule to be drawn. */
export interface Molecule {
  readonly elements: readonly string[];
  /** Å, three for each atom. */
  readonly coordinates: readonly number[];
  /** The atoms bonded to each atom. */
  readonly bonds: readonly (readonly number[])[];
}

/** Contents of the files, once read. */
export interface Opened {
  readonly receptor: Molecule;
  readonly poses: readonly Molecule[];
}

/**
 * Reads the files and keeps their poses for the tasks that follow.
 *
 * @throws Error naming file, line, what was expected there and what was found; and for poses of several ligands or with
 * flexible residues, whose pairs the scorer of the page does not have
 */
export function open(context: Context, files: Files): Opened {
  const ensemble = ensembleOf(files.receptor, files.poses);
  if (ensemble.poses.some(({ between }) => between)) {
    throw new Error(
      `${files.poses.name}: expected one ligand and no flexible residues, which only npm start scores`,
    );
  }
  context.ensemble = ensemble;
  return {
    receptor: drawn(ensemble.receptor.molecule),
    poses: ensemble.poses.map(({ molecule, places, compound }) => {
      const isInOrder = places === compound.typed.heavy;
      return drawn(molecule, isInOrder ? compound.typed.bonds : undefined);
    }),
  };
}

function drawn(molecule: FileMolecule, bonds: Molecule['bonds'] = findBonds(molecule)): Molecule {
  return {
    elements: molecule.atoms.map(({ element }) => symbolOf(element)),
    coordinates: molecule.atoms.flatMap(({ x, y, z }) => [x, y, z]),
    bonds,
  };
}
