import type { Molecule } from '../molecule/molecule.ts';
import { compoundRemark } from '../read/compound-remark.ts';
import { pdbqtOf, vinaResult } from '../write/pdbqt.ts';
import { sdfOf } from '../write/sdf.ts';
import type { Refined } from './refiner.ts';

/**
 * Formats a refined pose as the lines from which the pose was read, with new coordinates and energies.
 *
 * @param molecule pose as read, with its lines
 * @param number number of the pose in the output, from 1
 * @param compound name of the compound, if the output has several
 * @throws Error naming the file if the pose was read from another format
 */
export type WritePose = (molecule: Molecule, refined: Refined, number: number, compound?: string) => string;

/** Output formats: a pattern for names of outputs, the function that writes poses, and a pattern for names of valid inputs. */
const formats: readonly (readonly [endings: RegExp, write: WritePose, sources: RegExp])[] = [
  [/\.pdbqt$/i, writeColumns, /\.(?:pdbqt|dlg)(?:\.gz)?$/i],
  [/\.(?:pdb|ent)$/i, writeColumns, /\.(?:pdb|ent)(?:\.gz)?$/i],
  [/\.(?:sdf|sd|mol)$/i, writeSdf, /\.(?:sdf|sd|mol)(?:\.gz)?$/i],
];

/**
 * Returns the function that writes poses in the format of a file name.
 *
 * @throws Error naming the file if its name ends otherwise than in .pdbqt, .pdb, .ent, .sdf, .sd or .mol
 */
export function writerFor(file: string): WritePose {
  const format = formats.find(([endings]) => endings.test(file));
  if (!format) throw new Error(`${file}: expected a name for the output that ends in .pdbqt, .pdb or .sdf`);
  const [, write, sources] = format;
  return (molecule, ...rest) => {
    if (sources.test(molecule.source.file)) return write(molecule, ...rest);
    throw new Error(
      `${file}: expected a name that ends like that of the input ${molecule.source.file}: formats are not converted`,
    );
  };
}

/** Formats a pose as PDBQT or PDB, which have coordinates in the same columns. */
function writeColumns(molecule: Molecule, refined: Refined, number: number, compound?: string): string {
  const remarks = compound === undefined ? [] : [compoundRemark(compound)];
  return pdbqtOf(molecule, refined.coordinates, {
    model: number,
    remarks: [...remarksOf(refined), ...remarks],
  });
}

/** Returns remarks with the energies. Those on Vina's energies are as Vina writes them, for programs that read its files. */
function remarksOf({ before, after, rmsd }: Refined): string[] {
  const line = (name: string, energy: number) => `${`${name}:`.padEnd(14)}${energy.toFixed(3).padStart(16)}`;
  const { intermolecular, intramolecular } = after.parts;
  const change = `REFINED: from ${before.score.toFixed(3)}, moved ${rmsd.toFixed(3)} A`;
  if (intermolecular === undefined || intramolecular === undefined) {
    return [`SCHNET RESULT: ${after.score.toFixed(4)}`, change];
  }
  return [
    vinaResult(after.score),
    line('INTER + INTRA', after.minimised),
    line('INTER', intermolecular),
    line('INTRA', intramolecular),
    line('UNBOUND', intramolecular),
    change,
  ];
}

function writeSdf(
  { lines: [title = '', ...others] = [], ...molecule }: Molecule,
  { coordinates, before, after, rmsd }: Refined,
  _number: number,
  compound = '',
): string {
  const lines = [title.trim() === '' ? compound : title, ...others];
  return sdfOf({ ...molecule, lines }, coordinates, {
    posetape_score: after.score.toFixed(4),
    posetape_score_before: before.score.toFixed(4),
    posetape_moved: rmsd.toFixed(4),
  });
}
