import type { Molecule } from '../molecule/molecule.ts';
import { position } from './decimal.ts';

/** Options of {@link pdbqtOf}. */
export interface PdbqtOptions {
  /** Number of the MODEL. By default, the lines MODEL, ENDMDL and END stay as they were read. */
  readonly model?: number;
  /** Texts of REMARK lines, each beginning with a name and a colon. A text replaces the remarks of the same name. */
  readonly remarks?: readonly string[];
}

/**
 * Returns a molecule as PDBQT, or as PDB if it was read from PDB: the lines that were read, with new coordinates and remarks.
 *
 * @param molecule molecule read from PDBQT, DLG or PDB with `keepLines`
 * @param coordinates x, y and z of each atom, Å
 * @throws Error that names the file and line, if the molecule has no such lines or another number of atoms
 * @example
 * pdbqtOf(pose, refined, { model: 1, remarks: [vinaResult(-9.1)] });
 */
export function pdbqtOf(
  molecule: Molecule,
  coordinates: ArrayLike<number>,
  { model, remarks = [] }: PdbqtOptions = {},
): string {
  const isAtom = (line: string) => /^(?:ATOM|HETATM)/.test(line);
  const lines = molecule.lines ?? [];
  if (
    lines.filter(isAtom).length !== molecule.atoms.length ||
    coordinates.length !== 3 * molecule.atoms.length
  ) {
    const { file, line } = molecule.source;
    throw new Error(
      `${file}, line ${line}: expected the lines of ${molecule.atoms.length} PDBQT atoms (read with keepLines) and 3 coordinates for each`,
    );
  }
  const isReplaced = (line: string) => remarks.some(remark => keyOf(line) === keyOf(`REMARK ${remark}`));
  const isEdge = (line: string) => model !== undefined && /^(?:MODEL|ENDMDL|END\s*$)/.test(line);
  let atom = 0;
  const body = lines
    .filter(line => !isReplaced(line) && !isEdge(line) && line.trim() !== '')
    .map(line =>
      // Columns 31-54 have x, y and z, each in eight columns with three decimals.
      isAtom(line) ? line.slice(0, 30) + position(coordinates, atom++, 8, 3) + line.slice(54) : line,
    );
  const head = body[0]?.startsWith('MODEL') ? body.splice(0, 1) : [];
  const content = [...head, ...remarks.map(remark => `REMARK ${remark}`), ...body];
  const all = model === undefined ? content : [`MODEL ${model}`, ...content, 'ENDMDL'];
  return `${all.join('\n')}\n`;
}

/** Returns the text of Vina's remark on the energy of a pose, in kcal/mol, and its RMSDs from the best pose, in Å. */
export function vinaResult(energy: number, lowerRmsd = 0, upperRmsd = 0): string {
  return `VINA RESULT: ${[energy, lowerRmsd, upperRmsd].map(value => value.toFixed(3).padStart(9)).join('  ')}`;
}

/** Returns the text of a REMARK line up to its colon; undefined for any other line. */
function keyOf(line: string): string | undefined {
  return /^REMARK\s+([^:]*:)/.exec(line)?.[1];
}
