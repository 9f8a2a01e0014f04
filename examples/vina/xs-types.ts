import { type Tensor, tensor } from 'posetape';
import { findBonds } from './bonds.ts';
import type { Atom, Model } from './pdbqt.ts';

/** What the scoring function sees of an atom: its X-Score type, as AutoDock Vina assigns it. */
export interface XsType {
  /** Å */
  readonly radius: number;
  readonly hydrophobic: boolean;
  /** Whether it gives a hydrogen to hydrogen bonds; metals count as donors. */
  readonly donor: boolean;
  /** Whether it takes the hydrogen of a hydrogen bond. */
  readonly acceptor: boolean;
}

/** A molecule as the scoring function sees it. Its hydrogens have done their work in the types and are gone. */
export interface HeavyAtoms {
  readonly types: readonly XsType[];
  /** Å, shape [atoms, 3] */
  readonly coordinates: Tensor<Float64Array>;
  /** N_rot, the rotatable bonds that count against the molecule; 0 if it is rigid. */
  readonly rotors: number;
}

/** Finds the bonds of a molecule, then the types of its heavy atoms and its rotors. */
export function heavyAtoms(model: Model): HeavyAtoms {
  const bonds = findBonds(model.atoms);
  const heavy = model.atoms.filter(isHeavy);
  return {
    types: heavy.map(atom => xsType(atom, bonds.get(atom) ?? [])),
    coordinates: tensor(new Float64Array(heavy.flatMap(({ x, y, z }) => [x, y, z])), [heavy.length, 3]),
    rotors: countRotors(model, bonds),
  };
}

function xsType({ type }: Atom, bonded: readonly Atom[]): XsType {
  const canDonate = type.kind === 'nitrogen' || type.kind === 'oxygen';
  const holdsHeteroatom = bonded.some(other => isHeavy(other) && other.type.kind !== 'carbon');
  return {
    radius: type.radius,
    hydrophobic: type.kind === 'halogen' || (type.kind === 'carbon' && !holdsHeteroatom),
    donor: type.kind === 'metal' || (canDonate && bonded.some(other => other.type.name === 'HD')),
    acceptor: type.name === 'NA' || type.name === 'OA',
  };
}

/**
 * Each end of a torsion counts one half if its atom holds another heavy atom besides that at the other end. A methyl
 * group, whose turning moves nothing heavy, thus costs half as much as a chain.
 */
function countRotors({ branches }: Model, bonds: ReadonlyMap<Atom, readonly Atom[]>): number {
  const holdsAnother = (end: Atom): boolean => (bonds.get(end) ?? []).filter(isHeavy).length > 1;
  const ends = branches
    .map(({ from, to }) => [from, to])
    .filter(torsion => torsion.every(isHeavy))
    .flat();
  return ends.filter(holdsAnother).length / 2;
}

function isHeavy(atom: Atom): boolean {
  return atom.type.kind !== 'hydrogen';
}
