import { symbolOf } from '../../../program/read/elements.ts';
import { type Model, readPdbqt } from '../../../program/read/pdbqt.ts';
import { findBonds } from '../../../program/vina/bonds.ts';
import { ensembleOf, type PdbqtFile } from '../../../program/vina/ensemble.ts';
import type { Context } from './tasks.ts';

/** Files that the poses come from: the default ones, or the reader's. */
export interface Files {
  readonly receptor: PdbqtFile;
  readonly poses: PdbqtFile;
}

/** A molecule to be drawn. */
export interface Molecule {
  readonly elements: readonly string[];
  /** Å, three for each atom. */
  readonly coordinates: readonly number[];
  /** The atoms bonded to each atom. */
  readonly bonds: readonly (readonly number[])[];
}

/** Contents of the files, once read. */
export interface Opened {
  readonly receptor: Molecule;
  readonly poses: readonly Molecule[];
}

/**
 * Reads the files and keeps their poses for the tasks that follow.
 *
 * @throws Error naming file, line, what was expected there and what was found
 */
export function open(context: Context, files: Files): Opened {
  context.ensemble = ensembleOf(files.receptor, files.poses);
  const [receptor] = readPdbqt(files.receptor.text, files.receptor.name);
  const models = readPdbqt(files.poses.text, files.poses.name);
  const bonds = bondsOf(models[0] as Model);
  return {
    receptor: moleculeOf(receptor as Model, bondsOf(receptor as Model)),
    poses: models.map(model => moleculeOf(model, bonds)),
  };
}

function moleculeOf({ atoms }: Model, bonds: Molecule['bonds']): Molecule {
  return {
    elements: atoms.map(({ type }) => symbolOf(type.element)),
    coordinates: atoms.flatMap(({ x, y, z }) => [x, y, z]),
    bonds,
  };
}

function bondsOf({ atoms }: Model): Molecule['bonds'] {
  const places = new Map(atoms.map((atom, place) => [atom, place]));
  const bonds = findBonds(atoms);
  return atoms.map(atom => (bonds.get(atom) ?? []).map(other => places.get(other) as number));
}
