import type { Molecule as FileMolecule } from '../../../program/molecule/molecule.ts';
import { symbolOf } from '../../../program/read/elements.ts';
import { findBonds } from '../../../program/vina/bonds.ts';
import type { DockedPose } from '../../../program/vina/poses.ts';
import type { Context } from './tasks.ts';

/** A molecule to be drawn. */
export interface Molecule {
  readonly elements: readonly string[];
  /** Å, three for each atom. */
  readonly coordinates: readonly number[];
  /** The atoms bonded to each atom. */
  readonly bonds: readonly (readonly number[])[];
}

/** The molecules of some poses, to be drawn. */
export function molecules(context: Context, indices: readonly number[]): Molecule[] {
  return indices.map(index => moleculeOf(context.poseAt(index)));
}

/** The molecule of a pose. */
export function moleculeOf({ molecule, places, compound }: DockedPose): Molecule {
  const isInOrder = places === compound.typed.heavy;
  return drawn(molecule, isInOrder ? compound.typed.bonds : undefined);
}

/** A molecule, ready to be drawn; its bonds are found unless they are given. */
export function drawn(molecule: FileMolecule, bonds: Molecule['bonds'] = findBonds(molecule)): Molecule {
  return {
    elements: molecule.atoms.map(({ element }) => symbolOf(element)),
    coordinates: molecule.atoms.flatMap(({ x, y, z }) => [x, y, z]),
    bonds,
  };
}
