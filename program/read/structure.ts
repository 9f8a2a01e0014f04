import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { symbolOf } from './elements.ts';
import { readMolecule, readMolecules } from './files.ts';

/**
 * Reads the heavy atoms of a receptor from a file of one molecule. Hydrogens are left out, because files differ in which
 * hydrogens they have.
 *
 * @throws Error naming the file, and the line if one is malformed
 */
export async function readReceptor(file: string): Promise<Atoms> {
  return heavyAtoms(await readMolecule(file));
}

/**
 * Reads the heavy atoms of each pose of one compound.
 *
 * @throws Error naming the file, and the line if one is malformed, or the pose if it has other atoms than the first
 */
export async function readPoses(file: string): Promise<Atoms[]> {
  const poses: Atoms[] = [];
  let first: string | undefined;
  for await (const molecule of readMolecules(file)) {
    const pose = heavyAtoms(molecule);
    const atoms = formula(pose);
    first ??= atoms;
    poses.push(pose);
    if (atoms === first) continue;
    throw new Error(
      `${file}: expected poses of one compound, found ${atoms} in pose ${poses.length} and ${first} in pose 1`,
    );
  }
  return poses;
}

/** Returns elements and coordinates of a molecule's atoms as networks take them, without dummies. */
export function networkAtoms({ atoms }: Pick<Molecule, 'atoms'>): Atoms {
  const withoutDummies = atoms.filter(({ element }) => element > 0);
  return atomsOf(
    withoutDummies.map(({ element }) => element),
    withoutDummies.flatMap(({ x, y, z }) => [x, y, z]),
  );
}

/**
 * Returns elements and coordinates of a molecule's heavy atoms.
 *
 * @throws Error naming file and line if there are none
 */
export function heavyAtoms({ atoms, source: { file, line } }: Molecule): Atoms {
  const heavy = networkAtoms({ atoms: atoms.filter(({ element }) => element !== 1) });
  if (heavy.elements.length > 0) return heavy;
  throw new Error(`${file}, line ${line}: expected heavy atoms, found only hydrogens`);
}

/** Returns the formula of the atoms, such as `C29 N7 O`. */
function formula({ elements }: Atoms): string {
  const counts = new Map<number, number>();
  for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([element, count]) => `${symbolOf(element)}${count === 1 ? '' : count}`)
    .join(' ');
}
