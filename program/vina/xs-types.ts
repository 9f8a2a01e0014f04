import { tensor } from 'posetape';
import type { HeavyAtoms, XsType } from '../../examples/vina/pairs.ts';
import type { Bonds } from '../molecule/graph.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { type RigidGroups, rigidGroups } from '../molecule/rigid.ts';
import type { AtomType } from '../read/atom-types.ts';
import { coordinatesOf, findBonds, typesOf } from './bonds.ts';

/**
 * Atom types of a molecule, as the scoring function needs them. They are the same for all poses of a compound. Each atom that has
 * Vina terms has a row. Hydrogens, dummies, and the atoms of flexible residues that never move have no row.
 */
export interface Typed {
  /** Bonds of all atoms. */
  readonly bonds: Bonds;
  /** Index of the atom of each row: first the atoms of ligands, then those of flexible residues. */
  readonly atomOfRow: Int32Array;
  /** X-Score type of each row. */
  readonly types: readonly XsType[];
  /** Ligand of each row, from 0; -1 for an atom of a flexible residue. */
  readonly ligandOf: Int32Array;
  /** N_rot, summed over the ligands. */
  readonly rotors: number;
}

/** Finds the bonds of a molecule, then the types of its atoms and its number of rotors. */
export function typedOf(molecule: Molecule): Typed {
  const groups = rigidGroups(molecule);
  const atoms = typesOf(molecule);
  const bonds = findBonds(molecule, groups);
  const ligandOf = ligandsOf(molecule);
  const scoredAtoms = Int32Array.from(atoms.keys()).filter(atom => {
    const { kind } = atoms[atom] as AtomType;
    return kind !== 'hydrogen' && kind !== 'dummy' && !groups?.anchors[atom];
  });
  const atomOfRow = scoredAtoms.sort((a, b) => rank(ligandOf, a) - rank(ligandOf, b) || a - b);
  return {
    bonds,
    atomOfRow,
    types: Array.from(atomOfRow, atom => xsType(atoms, bonds, atom)),
    ligandOf: atomOfRow.map(atom => ligandOf[atom] as number),
    rotors: countRotors(groups, atoms, bonds, atom => (ligandOf[atom] as number) >= 0),
  };
}

/** Returns the atoms of a molecule that have Vina terms, including the atoms of flexible residues that move. */
export function heavyAtoms(molecule: Molecule): HeavyAtoms {
  const { atomOfRow, types, rotors } = typedOf(molecule);
  return { types, coordinates: rowsOf(coordinatesOf(molecule), atomOfRow), rotors };
}

/** Returns the coordinates of some atoms, shape [atoms, 3]. */
export function rowsOf(coordinates: Float64Array, atoms: Int32Array): HeavyAtoms['coordinates'] {
  const rows = new Float64Array(3 * atoms.length);
  atoms.forEach((atom, row) => {
    for (let axis = 0; axis < 3; axis++) rows[3 * row + axis] = coordinates[3 * atom + axis] as number;
  });
  return tensor(rows, [atoms.length, 3]);
}

/** Returns the ligand of each atom, from 0; -1 for an atom of a flexible residue. */
function ligandsOf({ atoms, tree }: Molecule): Int32Array {
  if (!tree) return new Int32Array(atoms.length);
  const ligandOfFragment = new Map<number, number>();
  let ligands = 0;
  for (const { fragment, isFlexibleResidue } of tree.roots) {
    ligandOfFragment.set(fragment, isFlexibleResidue ? -1 : ligands++);
  }
  // Branches are listed after the branch that contains them.
  for (const { parent, fragment } of tree.branches)
    ligandOfFragment.set(fragment, ligandOfFragment.get(parent) ?? 0);
  return tree.fragmentOf.map(fragment => ligandOfFragment.get(fragment) ?? 0);
}

/** Returns the rank by which rows are sorted: 0 for atoms of ligands, 1 for those of flexible residues. */
function rank(ligandOf: Int32Array, atom: number): number {
  return (ligandOf[atom] as number) < 0 ? 1 : 0;
}

/** Returns the X-Score type of an atom. */
function xsType(atoms: readonly AtomType[], bonds: Bonds, atom: number): XsType {
  const { kind, name, radius } = atoms[atom] as AtomType;
  const bonded = (bonds[atom] as readonly number[]).map(other => atoms[other] as AtomType);
  const canDonate = kind === 'nitrogen' || kind === 'oxygen';
  return {
    radius,
    hydrophobic: kind === 'halogen' || (kind === 'carbon' && !bonded.some(isHeteroatom)),
    donor: kind === 'metal' || (canDonate && bonded.some(other => other.name === 'HD')),
    acceptor: name === 'NA' || name === 'OA',
  };
}

/**
 * True for all but hydrogen and carbon. As in Vina, the dummies of a cut macrocycle and the carbons at the cut count as
 * heteroatoms, too.
 */
function isHeteroatom({ kind, name }: AtomType): boolean {
  return kind !== 'hydrogen' && (kind !== 'carbon' || name.startsWith('CG'));
}

/**
 * Returns N_rot. Each end of a torsion counts one half if its atom has a neighbour besides the atom at the other end.
 * Hydrogens do not count as neighbours, so the torsion of a methyl group counts half as much as one in a chain. A torsion
 * does not count if its two atoms are not bonded, or if one is a hydrogen.
 */
function countRotors(
  groups: RigidGroups | undefined,
  atoms: readonly AtomType[],
  bonds: Bonds,
  isInLigand: (atom: number) => boolean,
): number {
  const isNotHydrogen = (atom: number): boolean => atoms[atom]?.kind !== 'hydrogen';
  const hasSecondNeighbour = (end: number): boolean =>
    (bonds[end] as number[]).filter(isNotHydrogen).length > 1;
  const ends = (groups?.movingBranches ?? [])
    .filter(({ from, to }) => isInLigand(to) && bonds[from]?.includes(to))
    .map(({ from, to }) => [from, to])
    .filter(torsion => torsion.every(isNotHydrogen))
    .flat();
  return ends.filter(hasSecondNeighbour).length / 2;
}
