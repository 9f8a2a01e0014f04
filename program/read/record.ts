import type { Molecule } from '../molecule/molecule.ts';
import type { Line } from './line.ts';

/** File format of molecules. */
export interface Format {
  /** In lower case, such as `.sdf`. */
  readonly extensions: readonly string[];
  /** Whether a line is the first or the last of a record; undefined for all others. */
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
  /** First line of the record that follows; undefined at the end of the file. */
  readonly next?: Line;
}

/** Longest line, and most lines of a record, that are kept: a damaged file must not fill the memory. */
const most = { characters: 1_000_000, lines: 2_000_000 };

/** Cuts a text that comes in chunks into the records of a format. It holds one record and one chunk at a time. */
export class Splitter {
  readonly #file: string;
  readonly #edge: Format['edge'];
  #lines: Line[] = [];
  /** Lines that are complete. */
  #count = 0;
  /** Line whose end has not come yet. */
  #begun = '';

  constructor(file: string, { edge }: Format) {
    this.#file = file;
    this.#edge = edge;
  }

  /** Records that are complete with this chunk. */
  *push(chunk: string): Generator<FileRecord> {
    const text = this.#begun + chunk;
    // A \r at the end of a chunk may be half of a line end.
    const lineEnd = /\r\n|\n|\r(?!$)/g;
    let start = 0;
    for (let end = lineEnd.exec(text); end; end = lineEnd.exec(text)) {
      yield* this.#add(text.slice(start, end.index));
      start = lineEnd.lastIndex;
    }
    this.#begun = text.slice(start);
    if (this.#begun.length <= most.characters) return;
    throw this.#tooLong(this.#count + 1, `a line of at most ${most.characters} characters`);
  }

  /** Record that is left at the end of the text. */
  *end(): Generator<FileRecord> {
    yield* this.#add(this.#begun.replace(/\r$/, ''));
    if (this.#lines.length > 0) yield this.#cut();
  }

  *#add(content: string): Generator<FileRecord> {
    const line = { file: this.#file, number: ++this.#count, content };
    const edge = this.#edge(content);
    if (edge === 'first' && this.#lines.length > 0) yield this.#cut(line);
    this.#lines.push(line);
    if (edge === 'last') yield this.#cut();
    if (this.#lines.length <= most.lines) return;
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
