import { tensor } from 'posetape';
import type { HeavyAtoms, XsType } from '../../examples/vina/pairs.ts';
import type { Bonds } from '../molecule/graph.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { type RigidGroups, rigidGroups } from '../molecule/rigid.ts';
import type { AtomType } from '../read/atom-types.ts';
import { coordinatesOf, findBonds, typesOf } from './bonds.ts';

/** Part of a molecule that the scoring function sees, the same in all poses of a compound. */
export interface Typed {
  /** Bonds of all atoms. */
  readonly bonds: Bonds;
  /**
   * Places of the atoms that have Vina terms, those of ligands before those of flexible residues. Hydrogens, dummies and
   * the atoms of flexible residues that stand still have none.
   */
  readonly heavy: Int32Array;
  /** X-Score types of those. */
  readonly types: readonly XsType[];
  /** Ligand that each of those belongs to, from 0; -1 for an atom of a flexible residue. */
  readonly ligandOf: Int32Array;
  /** N_rot of the ligands together. */
  readonly rotors: number;
}

/** Finds the bonds of a molecule, then the types of its heavy atoms and its rotors. */
export function typed(molecule: Molecule): Typed {
  const groups = rigidGroups(molecule);
  const atoms = typesOf(molecule);
  const bonds = findBonds(molecule, groups);
  const ligandOf = ligandsOf(molecule);
  const withTerms = Int32Array.from(atoms.keys()).filter(atom => {
    const { kind } = atoms[atom] as AtomType;
    return kind !== 'hydrogen' && kind !== 'dummy' && !groups?.isAnchor[atom];
  });
  const heavy = withTerms.sort((a, b) => rank(ligandOf, a) - rank(ligandOf, b) || a - b);
  return {
    bonds,
    heavy,
    types: Array.from(heavy, atom => xsType(atoms, bonds, atom)),
    ligandOf: heavy.map(atom => ligandOf[atom] as number),
    rotors: countRotors(groups, atoms, bonds, atom => (ligandOf[atom] as number) >= 0),
  };
}

/** A molecule as the scoring function sees it: for ligands with flexible residues, all atoms that move. */
export function heavyAtoms(molecule: Molecule): HeavyAtoms {
  const { heavy, types, rotors } = typed(molecule);
  return { types, coordinates: rowsOf(coordinatesOf(molecule), heavy), rotors };
}

/** Coordinates of some atoms, shape [places, 3]. */
export function rowsOf(coordinates: Float64Array, places: Int32Array): HeavyAtoms['coordinates'] {
  const rows = new Float64Array(3 * places.length);
  places.forEach((place, row) => {
    for (let axis = 0; axis < 3; axis++) rows[3 * row + axis] = coordinates[3 * place + axis] as number;
  });
  return tensor(rows, [places.length, 3]);
}

/** Ligand that each atom belongs to, from 0; -1 for an atom of a flexible residue. */
function ligandsOf({ atoms, tree }: Molecule): Int32Array {
  if (!tree) return new Int32Array(atoms.length);
  const ofFragment = new Map<number, number>();
  let ligands = 0;
  for (const { fragment, isFlexibleResidue } of tree.roots) {
    ofFragment.set(fragment, isFlexibleResidue ? -1 : ligands++);
  }
  // A branch comes before those within it.
  for (const { parent, fragment } of tree.branches) ofFragment.set(fragment, ofFragment.get(parent) ?? 0);
  return tree.fragmentOf.map(fragment => ofFragment.get(fragment) ?? 0);
}

function rank(ligandOf: Int32Array, atom: number): number {
  return (ligandOf[atom] as number) < 0 ? 1 : 0;
}

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

/** Neither hydrogen nor carbon. Vina counts the dummies of a cut macrocycle, and the carbons where it is cut. */
function isHeteroatom({ kind, name }: AtomType): boolean {
  return kind !== 'hydrogen' && (kind !== 'carbon' || name.startsWith('CG'));
}

/**
 * Each end of a torsion counts one half if its atom is bonded to another heavy atom besides the one at the
 * other end. A methyl group, whose rotation moves no heavy atom, thus costs half as much as a chain. A
 * torsion whose two atoms are not bonded does not count.
 */
function countRotors(
  groups: RigidGroups | undefined,
  atoms: readonly AtomType[],
  bonds: Bonds,
  isOfLigand: (atom: number) => boolean,
): number {
  const isHeavy = (atom: number): boolean => atoms[atom]?.kind !== 'hydrogen';
  const holdsAnother = (end: number): boolean => (bonds[end] as number[]).filter(isHeavy).length > 1;
  const ends = (groups?.rotors ?? [])
    .filter(({ from, to }) => isOfLigand(to) && bonds[from]?.includes(to))
    .map(({ from, to }) => [from, to])
    .filter(torsion => torsion.every(isHeavy))
    .flat();
  return ends.filter(holdsAnother).length / 2;
}
