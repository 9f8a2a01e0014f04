import { atomTypes } from '../read/atom-types.ts';
import type { Atom } from '../read/pdbqt.ts';

/** How far a bond may be stretched beyond the sum of the covalent radii. */
const allowance = 1.1;

const longestBond: number =
  allowance * 2 * Math.max(...[...atomTypes.values()].map(type => type.covalentRadius));

/**
 * The bonds of a molecule, guessed from where its atoms are: two atoms are bonded if they are closer than 1.1 times the
 * sum of their covalent radii, and no third atom is closer to both of them (the rule of AutoDock Vina).
 *
 * @returns the atoms bonded to each atom
 */
export function findBonds(atoms: readonly Atom[]): Map<Atom, Atom[]> {
  const near = neighbours(atoms, longestBond);
  const bonds = new Map<Atom, Atom[]>();
  for (const [atom, others] of near) {
    const bonded = others.filter(other => {
      const length = distance(atom, other);
      if (length >= allowance * (atom.type.covalentRadius + other.type.covalentRadius)) return false;
      // An atom closer to both is one of the others, so there is no need to look further.
      return !others.some(third => distance(atom, third) < length && distance(other, third) < length);
    });
    bonds.set(atom, bonded);
  }
  return bonds;
}

/** For each atom, the others within `cutoff` Å. It tries all pairs: for a pocket, half a million in some milliseconds. */
function neighbours(atoms: readonly Atom[], cutoff: number): Map<Atom, Atom[]> {
  const near: [Atom, Atom[]][] = atoms.map(atom => [atom, []]);
  for (const [i, [a, nearA]] of near.entries()) {
    for (const [b, nearB] of near.slice(0, i)) {
      if (distance(a, b) >= cutoff) continue;
      nearA.push(b);
      nearB.push(a);
    }
  }
  return new Map(near);
}

function distance(a: Atom, b: Atom): number {
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + (a.z - b.z) ** 2);
}
