import type { Bond } from '../molecule/molecule.ts';
import { neighboursBy } from '../molecule/rotatable.ts';

/**
 * The bonds of a molecule where they connect all of its atoms. Formats of proteins leave out those of residues that everybody
 * knows, and a molecule with some of its bonds would fall apart where it is moved by them.
 *
 * @returns undefined where they do not
 */
export function connecting(bonds: readonly Bond[], atoms: number): readonly Bond[] | undefined {
  const bonded = neighboursBy(bonds, atoms);
  // Grows while it is gone through.
  const reached = new Set([0]);
  for (const atom of reached) for (const other of bonded[atom] ?? []) reached.add(other);
  return bonds.length > 0 && reached.size === atoms ? bonds : undefined;
}
