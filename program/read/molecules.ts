import type { Molecule } from '../molecule/molecule.ts';
import { cif } from './cif.ts';
import { dlg } from './dlg.ts';
import { mol2 } from './mol2.ts';
import { pdb } from './pdb.ts';
import { pdbqt } from './pdbqt.ts';
import { type FileRecord, type Format, Splitter } from './record.ts';
import { sdf } from './sdf.ts';

const formats: readonly Format[] = [pdbqt, dlg, pdb, sdf, mol2, cif];

/** Molecule that was read from a file. */
export interface NumberedMolecule extends Molecule {
  /** Position in the file, from 1. Molecules that cannot be read are counted, too. */
  readonly number: number;
}

/** Options of {@link MoleculeReader}. */
export interface ReadOptions {
  /** True to keep the lines of each molecule's record, so that it can be written with other coordinates. */
  readonly keepLines?: boolean;
  /**
   * Called for each record that cannot be read, which is then left out. Without this function, such a record is an error.
   *
   * @param number position of the molecule in the file, from 1
   */
  readonly onBad?: (error: Error, record: FileRecord, number: number) => void;
  /** Called for each record before it is read. If it returns false, the record is left out. */
  readonly takes?: (record: FileRecord) => boolean;
}

/**
 * Yields the molecules of a text, each with at least one atom. A text without molecules is an error, so nothing is yielded only
 * if `options` leave records out.
 *
 * @param file name of the file, which determines the format, and appears in messages
 * @throws Error naming file and line, what was expected there and what was found
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
 * Reads the only molecule of a text, such as a receptor.
 *
 * @throws Error naming file and line, if the text has several molecules; also the errors of {@link moleculesOf}
 */
export function moleculeOf(text: string, file: string): Molecule {
  const [only, other] = moleculesOf(text, file) as Iterable<Molecule>;
  if (only && !other) return only;
  throw severalError(other as Molecule);
}

/** Error for a second molecule in a file that should have only one. */
export function severalError({ source: { file, line } }: Molecule): Error {
  return new Error(`${file}, line ${line}: expected a file with only one molecule, found a second one`);
}

/** Reads the molecules of a text that comes in chunks. */
export class MoleculeReader {
  readonly #file: string;
  readonly #format: Format;
  readonly #splitter: Splitter;
  readonly #keepLines: boolean;
  readonly #onBad: ReadOptions['onBad'];
  readonly #takes: ReadOptions['takes'];
  /** Number of molecules so far, including those left out. */
  #count = 0;
  /** True once `takes` has left out a record. */
  #hasLeftOut = false;

  constructor(file: string, { keepLines = false, onBad, takes }: ReadOptions = {}) {
    this.#file = file;
    this.#format = formatOf(file);
    this.#splitter = new Splitter(file, this.#format);
    this.#keepLines = keepLines;
    this.#onBad = onBad;
    this.#takes = takes;
  }

  /** Yields the molecules that this chunk completes. */
  *push(chunk: string): Generator<NumberedMolecule> {
    for (const record of this.#splitter.push(chunk)) yield* this.#read(record);
  }

  /**
   * Yields the molecules that the end of the text completes.
   *
   * @throws Error naming the file if there was no molecule in the whole text, unless `takes` left out a record
   */
  *end(): Generator<NumberedMolecule> {
    for (const record of this.#splitter.end()) yield* this.#read(record);
    if (this.#count === 0 && !this.#hasLeftOut)
      throw new Error(`${this.#file}: expected at least one molecule, found none`);
  }

  #moleculesOf(record: FileRecord): readonly Molecule[] {
    if (!this.#onBad) return this.#format.read(record);
    try {
      return this.#format.read(record);
    } catch (error) {
      this.#count++;
      this.#onBad(error as Error, record, this.#count);
      return [];
    }
  }

  /** Returns the number of molecules of a record that is left out; 1 if the record cannot be read. */
  #countIn(record: FileRecord): number {
    const { isEmpty, read } = this.#format;
    if (isEmpty) return isEmpty(record) ? 0 : 1;
    try {
      return read(record).length;
    } catch {
      return 1;
    }
  }

  *#read(record: FileRecord): Generator<NumberedMolecule> {
    if (this.#takes && !this.#takes(record)) {
      this.#count += this.#countIn(record);
      this.#hasLeftOut = true;
      return;
    }
    for (const molecule of this.#moleculesOf(record)) {
      this.#count++;
      const lines = this.#keepLines ? { lines: record.lines.map(({ content }) => content) } : {};
      const { name, compound } = molecule;
      yield {
        ...molecule,
        ...{ number: this.#count, name: copied(name) },
        ...(compound && { compound: copied(compound) }),
        ...lines,
      };
    }
  }
}

/** Copies a text, which may be a slice of a chunk of the file and would keep the chunk in memory. */
function copied(text: string): string {
  return [...text].join('');
}

/**
 * Returns the format of a file by the end of its name, without `.gz`.
 *
 * @throws Error naming the file if there is no such format
 */
function formatOf(file: string): Format {
  const name = file.toLowerCase().replace(/\.gz$/, '');
  const format = formats.find(({ extensions }) => extensions.some(extension => name.endsWith(extension)));
  if (format) return format;
  const endings = formats.flatMap(({ extensions }) => extensions).join(', ');
  throw new Error(`${file}: expected a file that ends in ${endings}, or these with .gz`);
}
