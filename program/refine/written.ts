import type { Molecule } from '../molecule/molecule.ts';
import { compoundRemark } from '../read/compound-remark.ts';
import { pdbqtOf, vinaResult } from '../write/pdbqt.ts';
import { sdfOf } from '../write/sdf.ts';
import type { Refined } from './refiner.ts';

/**
 * Text of a refined pose: the lines it was read from, with other coordinates and energies.
 *
 * @param molecule read with its lines
 * @param number of the pose in the file that is written, from 1
 * @param compound its name, where the file gets several
 * @throws Error naming the file if it was read from another format
 */
export type WritePose = (molecule: Molecule, refined: Refined, number: number, compound?: string) => string;

/** Formats that are written, by the endings of their files: what writes them, and the endings of what they are read from. */
const formats: readonly (readonly [endings: RegExp, write: WritePose, sources: RegExp])[] = [
  [/\.pdbqt$/i, writeColumns, /\.(?:pdbqt|dlg)(?:\.gz)?$/i],
  [/\.(?:pdb|ent)$/i, writeColumns, /\.(?:pdb|ent)(?:\.gz)?$/i],
  [/\.(?:sdf|sd|mol)$/i, writeSdf, /\.(?:sdf|sd|mol)(?:\.gz)?$/i],
];

/**
 * Writes poses in the format that a file's name says.
 *
 * @throws Error if it says none
 */
export function writerFor(file: string): WritePose {
  const format = formats.find(([endings]) => endings.test(file));
  if (!format) throw new Error(`${file}: expected a file to write that ends in .pdbqt, .pdb or .sdf`);
  const [, write, sources] = format;
  return (molecule, ...rest) => {
    if (sources.test(molecule.source.file)) return write(molecule, ...rest);
    throw new Error(`${file}: poses are written in the format they have, which ${molecule.source.file} says`);
  };
}

/** PDBQT or PDB, which have their coordinates in the same columns. */
function writeColumns(molecule: Molecule, refined: Refined, number: number, compound?: string): string {
  const remarks = compound === undefined ? [] : [compoundRemark(compound)];
  return pdbqtOf(molecule, refined.coordinates, {
    model: number,
    remarks: [...remarksOf(refined), ...remarks],
  });
}

/** Energies in the form of Vina, so that what reads its files reads these. */
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
