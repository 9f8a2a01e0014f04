import type { Bond } from '../molecule/molecule.ts';
import { neighboursBy } from '../molecule/rotatable.ts';

/**
 * Returns the bonds of a molecule if they connect all its atoms, else undefined. Files of proteins may omit the bonds of
 * standard residues. With such an incomplete list, unconnected parts of a molecule would move separately in `refine`.
 */
export function connecting(bonds: readonly Bond[], atomCount: number): readonly Bond[] | undefined {
  const bonded = neighboursBy(bonds, atomCount);
  // The loop adds to this set.
  const reached = new Set([0]);
  for (const atom of reached) for (const other of bonded[atom] ?? []) reached.add(other);
  return bonds.length > 0 && reached.size === atomCount ? bonds : undefined;
}
