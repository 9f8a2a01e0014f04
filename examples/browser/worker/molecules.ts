import type { Molecule as FileMolecule } from '../../../program/molecule/molecule.ts';
import { symbolOf } from '../../../program/read/elements.ts';
import { findBonds } from '../../../program/vina/bonds.ts';
import type { DockedPose } from '../../../program/vina/poses.ts';
import type { Context } from './tasks.ts';

/** Molecule for drawing. */
export interface Molecule {
  readonly elements: readonly string[];
  /** Å, three for each atom. */
  readonly coordinates: readonly number[];
  /** Indices of the atoms bonded to each atom. */
  readonly bonds: readonly (readonly number[])[];
}

/** Returns the molecules of some poses for drawing. */
export function molecules(context: Context, indices: readonly number[]): Molecule[] {
  return indices.map(index => moleculeOf(context.poseAt(index)));
}

/** Returns the molecule of a pose for drawing. */
export function moleculeOf({ molecule, atomOfRow, compound }: DockedPose): Molecule {
  // If the atoms of the pose are in the same order as those of the compound, its bonds are those of the compound.
  const isInOrder = atomOfRow === compound.typed.atomOfRow;
  return drawable(molecule, isInOrder ? compound.typed.bonds : undefined);
}

/** Converts a molecule for drawing. By default its bonds are derived from its coordinates. */
export function drawable(molecule: FileMolecule, bonds: Molecule['bonds'] = findBonds(molecule)): Molecule {
  return {
    elements: molecule.atoms.map(({ element }) => symbolOf(element)),
    coordinates: molecule.atoms.flatMap(({ x, y, z }) => [x, y, z]),
    bonds,
  };
}
