import type { Molecule } from '../molecule/molecule.ts';
import { type Line, unexpected } from './line.ts';

/** A file format of molecules. */
export interface Format {
  /** Ends of file names in lower case, such as `.sdf`. */
  readonly extensions: readonly string[];
  /** Text that begins each line of a record and is cut off. Lines without it are ignored between records. */
  readonly prefix?: string;
  /** Tells whether a line is the first or the last of a record; undefined for other lines. */
  readonly edge: (line: string) => 'first' | 'last' | undefined;
  /**
   * Reads the molecules of a record. A record of text between molecules, such as `END`, has none.
   *
   * @throws Error naming file and line, what was expected there and what was found
   */
  readonly read: (record: FileRecord) => readonly Molecule[];
  /** True for a record of text between molecules. All other records have one molecule. Absent if a record may have several. */
  readonly isEmpty?: (record: FileRecord) => boolean;
}

/** Part of a file that a format reads at once, such as a MODEL of PDBQT or a data block of mmCIF. */
export interface FileRecord {
  /** At least one line. */
  readonly lines: readonly Line[];
  /** First line of the next record, if it ended this record; undefined at the end of the file, or after a `last` line. */
  readonly next?: Line;
}

/** Limits of a line and of a record, so that a damaged file does not fill the memory. */
const limits = { characters: 1_000_000, lines: 2_000_000 };

/** Splits a text that comes in chunks into the records of a format. It holds one record and one chunk at a time. */
export class Splitter {
  readonly #file: string;
  readonly #format: Format;
  #lines: Line[] = [];
  /** Number of complete lines so far. */
  #count = 0;
  /** Start of the line that the next chunk continues. */
  #begun = '';

  constructor(file: string, format: Format) {
    this.#file = file;
    this.#format = format;
  }

  /** Yields the records that this chunk completes. */
  *push(chunk: string): Generator<FileRecord> {
    const text = this.#begun + chunk;
    // A \r at the end of a chunk may be the first half of \r\n.
    const lines = text.split(text.includes('\r') ? /\r\n|\n|\r(?!$)/ : '\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) {
      const record = this.#add(line);
      if (record) yield record;
    }
    if (this.#begun.length <= limits.characters) return;
    throw this.#tooLong(this.#count + 1, `a line of at most ${limits.characters} characters`);
  }

  /** Yields the records that the end of the text completes. */
  *end(): Generator<FileRecord> {
    const record = this.#add(this.#begun.replace(/\r$/, ''));
    if (record) yield record;
    if (this.#lines.length > 0) yield this.#cut();
  }

  /** Adds a line, and returns the record that it completes, if any. */
  #add(text: string): FileRecord | undefined {
    const { prefix = '', edge } = this.#format;
    this.#count++;
    if (!text.startsWith(prefix)) {
      const stray = { file: this.#file, number: this.#count, content: text };
      if (this.#lines.length > 0 && text.trim() !== '')
        throw unexpected(stray, `"${prefix}" at the beginning of each line of a record`);
      return undefined;
    }
    const line = { file: this.#file, number: this.#count, content: text.slice(prefix.length) };
    const kind = edge(line.content);
    const finished = kind === 'first' && this.#lines.length > 0 ? this.#cut(line) : undefined;
    this.#lines.push(line);
    if (kind === 'last') return this.#cut();
    if (this.#lines.length <= limits.lines) return finished;
    throw this.#tooLong(this.#lines[0]?.number ?? 1, `a record of at most ${limits.lines} lines`);
  }

  #cut(next?: Line): FileRecord {
    const lines = this.#lines;
    this.#lines = [];
    return next ? { lines, next } : { lines };
  }

  #tooLong(line: number, expected: string): Error {
    return new Error(`${this.#file}, line ${line}: expected ${expected}, found more`);
  }
}
