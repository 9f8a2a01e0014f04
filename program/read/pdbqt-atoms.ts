import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { moleculesOf } from './molecules.ts';

/**
 * Atoms of each model of a PDBQT file.
 *
 * @throws Error naming file, line, what was expected there and what was found
 */
export function readPdbqtAtoms(text: string, file: string): Atoms[] {
  return [...moleculesOf(text, file)].map(networkAtoms);
}

/** Elements and places of a molecule's atoms, as networks take them. Dummies are left out. */
export function networkAtoms({ atoms }: Molecule): Atoms {
  const real = atoms.filter(({ element }) => element > 0);
  return atomsOf(
    real.map(({ element }) => element),
    real.flatMap(({ x, y, z }) => [x, y, z]),
  );
}
