import { tensor } from 'posetape';
import type { HeavyAtoms, XsType } from '../../examples/vina/pairs.ts';
import type { Atom, Model } from '../read/pdbqt.ts';
import { findBonds } from './bonds.ts';

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
