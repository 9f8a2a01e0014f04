import type { Molecule } from '../molecule/molecule.ts';

/**
 * Returns a function to call for each molecule that is scored. For Vina, the function warns, once per file, of a pose whose
 * TORSDOF counts torsions although the pose has no BRANCH. Rotors are counted from branches, so such a pose is scored as rigid.
 */
export function rigidNotes(
  scorer: 'vina' | 'schnet',
  warn: (line: string) => void,
): (molecule: Molecule) => void {
  if (scorer !== 'vina') return () => {};
  const noted = new Set<string>();
  return ({ tree, source: { file } }) => {
    const degrees = tree?.torsionalDegrees ?? 0;
    if (degrees === 0 || tree?.branches.length !== 0 || noted.has(file)) return;
    noted.add(file);
    warn(`note: ${file}: TORSDOF ${degrees}, but no BRANCH; the ligand is scored as rigid`);
  };
}
