import { extname } from 'node:path';
import { type Atoms, selected } from '../../examples/networks/pose.ts';
import { symbolOf } from './elements.ts';
import { readPdb } from './pdb.ts';
import { readPdbqtAtoms } from './pdbqt-atoms.ts';
import { readText } from './text.ts';

/**
 * Reads the heavy atoms of a receptor from a PDB or PDBQT file with one model. Hydrogens are left out, as files differ in
 * which of them they hold.
 *
 * @throws Error naming the file and, where there is one, the line that is wrong
 */
export async function readReceptor(file: string): Promise<Atoms> {
  const kind = kindOf(file, ['.pdb', '.ent', '.pdbqt']);
  const text = await readText(file);
  if (kind !== '.pdbqt') return heavyAtoms(readPdb(text, file), file);
  const models = readPdbqtAtoms(text, file);
  if (models.length > 1) {
    throw new Error(`${file}: expected one model, as a receptor has, found ${models.length}`);
  }
  return heavyAtoms(models[0] as Atoms, file);
}

/**
 * Reads the heavy atoms of each pose of one compound from a PDBQT file with several models or an SDF file with several
 * records.
 *
 * @throws Error naming the file and, where there is one, the line that is wrong; or the pose that has other atoms
 */
export async function readPoses(file: string): Promise<Atoms[]> {
  const kind = kindOf(file, ['.pdbqt', '.sdf', '.sd']);
  const text = await readText(file);
  // Loaded only where it is needed: it is large.
  const read = kind === '.pdbqt' ? readPdbqtAtoms : (await import('./sdf.ts')).readSdf;
  const poses = read(text, file).map(atoms => heavyAtoms(atoms, file));
  const [first = ''] = poses.map(formula);
  for (const [index, pose] of poses.entries()) {
    if (formula(pose) === first) continue;
    throw new Error(
      `${file}: expected poses of one compound, found ${formula(pose)} in pose ${index + 1} and ${first} in pose 1`,
    );
  }
  return poses;
}

function kindOf(file: string, known: readonly string[]): string {
  const kind = extname(file).toLowerCase();
  if (known.includes(kind)) return kind;
  throw new Error(`${file}: expected a file that ends in ${known.join(', ')}`);
}

function heavyAtoms(atoms: Atoms, file: string): Atoms {
  const heavy = selected(atoms, i => atoms.elements[i] !== 1);
  if (heavy.elements.length === 0) throw new Error(`${file}: expected heavy atoms, found only hydrogens`);
  return heavy;
}

/** The heavy atoms by element, such as `C29 N7 O`. */
function formula({ elements }: Atoms): string {
  const counts = new Map<number, number>();
  for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([element, count]) => `${symbolOf(element)}${count === 1 ? '' : count}`)
    .join(' ');
}
