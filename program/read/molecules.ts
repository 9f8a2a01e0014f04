import type { Molecule } from '../molecule/molecule.ts';
import { cif } from './cif.ts';
import { dlg } from './dlg.ts';
import { mol2 } from './mol2.ts';
import { pdb } from './pdb.ts';
import { pdbqt } from './pdbqt.ts';
import { type FileRecord, type Format, Splitter } from './record.ts';
import { sdf } from './sdf.ts';

const formats: readonly Format[] = [pdbqt, dlg, pdb, sdf, mol2, cif];

export interface ReadOptions {
  /** True if molecules keep the lines of their record, to be written with other coordinates. */
  readonly keepLines?: boolean;
  /** Called for a record that cannot be read, which is then left out; without it, that is an error. */
  readonly onBad?: (error: Error, record: FileRecord) => void;
  /** Called for each record before it is read; one for which it returns false is left out. */
  readonly takes?: (record: FileRecord) => boolean;
}

/**
 * Molecules of a text in the order of the file: at least one, each of at least one atom.
 *
 * @param file its name, which says the format; for messages, too
 * @throws Error naming file, line, what was expected there and what was found
 * @example
 * const poses = [...moleculesOf(text, 'poses.pdbqt')];
 * poses.length;                // 64
 * poses[0].atoms[0].type.kind; // 'carbon'
 */
export function* moleculesOf(text: string, file: string, options?: ReadOptions): Generator<Molecule> {
  const reader = new MoleculeReader(file, options);
  yield* reader.push(text.replace(/^\ufeff/, ''));
  yield* reader.end();
}

/**
 * The one molecule of a text, such as a receptor.
 *
 * @throws Error as {@link moleculesOf} does, and if there are several
 */
export function moleculeOf(text: string, file: string): Molecule {
  const [only, other] = moleculesOf(text, file) as Iterable<Molecule>;
  if (only && !other) return only;
  throw several(other as Molecule);
}

/** Error for a molecule after the first, where one was expected. */
export function several({ place: { file, line } }: Molecule): Error {
  return new Error(`${file}, line ${line}: expected one model, as a receptor has, found another`);
}

/** Reads the molecules of a text that comes in chunks. */
export class MoleculeReader {
  readonly #file: string;
  readonly #format: Format;
  readonly #splitter: Splitter;
  readonly #keepLines: boolean;
  readonly #onBad: ReadOptions['onBad'];
  readonly #takes: ReadOptions['takes'];
  #count = 0;

  constructor(file: string, { keepLines = false, onBad, takes }: ReadOptions = {}) {
    this.#file = file;
    this.#format = formatOf(file);
    this.#splitter = new Splitter(file, this.#format);
    this.#keepLines = keepLines;
    this.#onBad = onBad;
    this.#takes = takes;
  }

  /** Molecules that are complete with this chunk. */
  *push(chunk: string): Generator<Molecule> {
    for (const record of this.#splitter.push(chunk)) yield* this.#read(record);
  }

  /** Molecules that are left at the end of the text. */
  *end(): Generator<Molecule> {
    for (const record of this.#splitter.end()) yield* this.#read(record);
    if (this.#count === 0) throw new Error(`${this.#file}: expected at least one molecule, found none`);
  }

  #moleculesOf(record: FileRecord): readonly Molecule[] {
    if (!this.#onBad) return this.#format.read(record);
    try {
      return this.#format.read(record);
    } catch (error) {
      this.#count++;
      this.#onBad(error as Error, record);
      return [];
    }
  }

  *#read(record: FileRecord): Generator<Molecule> {
    if (this.#takes && !this.#takes(record)) {
      this.#count++;
      return;
    }
    for (const molecule of this.#moleculesOf(record)) {
      this.#count++;
      const lines = this.#keepLines ? { lines: record.lines.map(({ content }) => content) } : {};
      const { name, compound } = molecule;
      yield { ...molecule, name: copied(name), ...(compound && { compound: copied(compound) }), ...lines };
    }
  }
}

/** A text of its own: a long one may be a part of the chunk, which it would keep in memory. */
function copied(text: string): string {
  return [...text].join('');
}

/** Format that a file's name says; `.gz` at its end does not count. */
function formatOf(file: string): Format {
  const name = file.toLowerCase().replace(/\.gz$/, '');
  const format = formats.find(({ extensions }) => extensions.some(extension => name.endsWith(extension)));
  if (format) return format;
  const known = formats.flatMap(({ extensions }) => extensions).join(', ');
  throw new Error(`${file}: expected a file that ends in ${known}, or these with .gz`);
}
