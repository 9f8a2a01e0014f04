import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';
import type { Molecule } from '../molecule/molecule.ts';
import { symbolOf } from './elements.ts';
import { readMolecule, readMolecules } from './files.ts';

/**
 * Heavy atoms of a receptor, a file of one molecule. Hydrogens are left out, as files differ in which of them they hold.
 *
 * @throws Error naming the file and, where there is one, the line that is wrong
 */
export async function readReceptor(file: string): Promise<Atoms> {
  return heavyAtoms(await readMolecule(file));
}

/**
 * Heavy atoms of each pose of one compound.
 *
 * @throws Error naming the file and, where there is one, the line that is wrong; or the pose that has other atoms
 */
export async function readPoses(file: string): Promise<Atoms[]> {
  const poses: Atoms[] = [];
  let first: string | undefined;
  for await (const molecule of readMolecules(file)) {
    const pose = heavyAtoms(molecule);
    const found = formula(pose);
    first ??= found;
    poses.push(pose);
    if (found === first) continue;
    throw new Error(
      `${file}: expected poses of one compound, found ${found} in pose ${poses.length} and ${first} in pose 1`,
    );
  }
  return poses;
}

/** Elements and places of a molecule's atoms, as networks take them, without dummies. */
export function networkAtoms({ atoms }: Pick<Molecule, 'atoms'>): Atoms {
  const real = atoms.filter(({ element }) => element > 0);
  return atomsOf(
    real.map(({ element }) => element),
    real.flatMap(({ x, y, z }) => [x, y, z]),
  );
}

/** @throws Error naming file and line if there are none */
export function heavyAtoms({ atoms, place: { file, line } }: Molecule): Atoms {
  const heavy = networkAtoms({ atoms: atoms.filter(({ element }) => element !== 1) });
  if (heavy.elements.length > 0) return heavy;
  throw new Error(`${file}, line ${line}: expected heavy atoms, found only hydrogens`);
}

/** Heavy atoms by element, such as `C29 N7 O`. */
function formula({ elements }: Atoms): string {
  const counts = new Map<number, number>();
  for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([element, count]) => `${symbolOf(element)}${count === 1 ? '' : count}`)
    .join(' ');
}
