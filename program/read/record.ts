import type { Molecule } from '../molecule/molecule.ts';
import { type Line, unexpected } from './line.ts';

/** File format of molecules. */
export interface Format {
  /** In lower case, such as `.sdf`. */
  readonly extensions: readonly string[];
  /** Text before each line of a record; it is cut off, and lines between records are left out. */
  readonly prefix?: string;
  /** Place of a line that is the first or the last of a record; undefined for all others. */
  readonly edge: (line: string) => 'first' | 'last' | undefined;
  /**
   * Molecules of a record; none if it holds nothing but what may stand between molecules, such as `END`.
   *
   * @throws Error naming file, line, what was expected there and what was found
   */
  readonly read: (record: FileRecord) => readonly Molecule[];
}

/** Part of a file with one conformation of a molecule, such as a MODEL. */
export interface FileRecord {
  /** At least one. */
  readonly lines: readonly Line[];
  /** First line of the record that follows; undefined at the end of the file, and after a last line. */
  readonly next?: Line;
}

/** Longest line, and most lines of a record, that are kept: a damaged file must not fill the memory. */
const most = { characters: 1_000_000, lines: 2_000_000 };

/** Cuts a text that comes in chunks into the records of a format. It holds one record and one chunk at a time. */
export class Splitter {
  readonly #file: string;
  readonly #format: Format;
  #lines: Line[] = [];
  /** Lines that are complete. */
  #count = 0;
  /** Line whose end has not come yet. */
  #begun = '';

  constructor(file: string, format: Format) {
    this.#file = file;
    this.#format = format;
  }

  /** Records that are complete with this chunk. */
  *push(chunk: string): Generator<FileRecord> {
    const text = this.#begun + chunk;
    // A \r at the end of a chunk may be half of a line end.
    const lines = text.split(text.includes('\r') ? /\r\n|\n|\r(?!$)/ : '\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) {
      const record = this.#add(line);
      if (record) yield record;
    }
    if (this.#begun.length <= most.characters) return;
    throw this.#tooLong(this.#count + 1, `a line of at most ${most.characters} characters`);
  }

  /** Records that are left at the end of the text. */
  *end(): Generator<FileRecord> {
    const record = this.#add(this.#begun.replace(/\r$/, ''));
    if (record) yield record;
    if (this.#lines.length > 0) yield this.#cut();
  }

  /** Adds a line; the record that it completes, if any. */
  #add(text: string): FileRecord | undefined {
    const { prefix = '', edge } = this.#format;
    this.#count++;
    if (!text.startsWith(prefix)) {
      const stray = { file: this.#file, number: this.#count, content: text };
      if (this.#lines.length > 0 && text.trim() !== '')
        throw unexpected(stray, `"${prefix}" within a record`);
      return undefined;
    }
    const line = { file: this.#file, number: this.#count, content: text.slice(prefix.length) };
    const kind = edge(line.content);
    const before = kind === 'first' && this.#lines.length > 0 ? this.#cut(line) : undefined;
    this.#lines.push(line);
    if (kind === 'last') return this.#cut();
    if (this.#lines.length <= most.lines) return before;
    throw this.#tooLong(this.#lines[0]?.number ?? 1, `a record of at most ${most.lines} lines`);
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
