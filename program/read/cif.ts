import type { Atom, Molecule } from '../molecule/molecule.ts';
import { Alternates } from './alternates.ts';
import { elementIn } from './elements.ts';
import { coordinateIn, type Field, isWhole, type Line, quoted, unexpected, unexpectedField } from './line.ts';
import type { FileRecord, Format } from './record.ts';

/**
 * Format mmCIF: the loop _atom_site of each data block, of alternate locations the first. Bonds are not read.
 *
 * Mol* reads it, too, but takes 171 MB of packages and the whole text, and reads NaN as 0 and 2.9x5 as 2.9.
 */
export const cif: Format = {
  extensions: ['.cif', '.mmcif'],
  edge: line => (/^data_\S+\s*$/i.test(line) ? 'first' : undefined),
  read: readRecord,
};

/** Fields of a row by the name of their column, in lower case. */
type Row = (column: string) => Field | undefined;

function readRecord({ lines }: FileRecord): Molecule[] {
  const molecules: Molecule[] = [];
  let atoms: Atom[] = [];
  let alternates = new Alternates();
  let modelBefore: string | undefined;
  for (const row of atomSites(lines)) {
    const model = textIn(row, 'pdbx_pdb_model_num');
    if (model !== modelBefore) {
      const { file, number: line } = (row('cartn_x') as Field).line;
      atoms = [];
      molecules.push({ name: '', atoms, place: { file, line } });
      alternates = new Alternates();
      modelBefore = model;
    }
    const atom = readAtom(row, atoms.length + 1);
    const site = `${atom.name} ${atom.residue.replace(/^\S+ /, '')}`;
    if (alternates.isFirst(textIn(row, 'label_alt_id'), site)) atoms.push(atom);
  }
  return molecules;
}

function readAtom(row: Row, place: number): Atom {
  const field = (column: string) => row(column) as Field;
  const serial = textIn(row, 'id');
  const residue = [
    textIn(row, 'auth_comp_id', 'label_comp_id'),
    textIn(row, 'auth_asym_id', 'label_asym_id'),
    textIn(row, 'auth_seq_id', 'label_seq_id') + textIn(row, 'pdbx_pdb_ins_code'),
  ];
  return {
    serial: isWhole(serial) ? Number(serial) : place,
    name: textIn(row, 'auth_atom_id', 'label_atom_id'),
    residue: residue.join(' ').trim(),
    element: elementIn(field('type_symbol')),
    x: coordinateIn(field('cartn_x'), 'x'),
    y: coordinateIn(field('cartn_y'), 'y'),
    z: coordinateIn(field('cartn_z'), 'z'),
  };
}

/** Text of the first of some columns that the row has; '' for none, `?` and `.`. */
function textIn(row: Row, ...columns: string[]): string {
  const texts = columns.map(column => row(column)?.text);
  return texts.find(text => text !== undefined && text !== '?' && text !== '.') ?? '';
}

const needed = ['type_symbol', 'cartn_x', 'cartn_y', 'cartn_z'];

const category = '_atom_site.';

/** Rows of the loop _atom_site. */
function* atomSites(lines: readonly Line[]): Generator<Row> {
  /** Names of the loop's columns; undefined outside a loop. */
  let names: string[] | undefined;
  /** Places of the columns by name, within the rows of _atom_site. */
  let places: ReadonlyMap<string, number> | undefined;
  let begin: Line | undefined;
  let fields: Field[] = [];
  for (const line of outsideText(lines)) {
    const word = /^\s*(\S*)/.exec(line.content)?.[1]?.toLowerCase() ?? '';
    if (word === '' || word.startsWith('#')) continue;
    const isName = word.startsWith('_');
    if (isName || word === 'loop_' || word.startsWith('data_')) {
      expectWhole(fields, places, line);
      places = undefined;
      if (!isName) names = word === 'loop_' ? [] : undefined;
      else if (/^_atom_site_[^.]*$/.test(word)) throw unexpected(line, `mmCIF, with ${category}Cartn_x`);
      else if (names) names.push(word);
      else if (word.startsWith(category)) throw unexpected(line, 'loop_ before the names of _atom_site');
      continue;
    }
    if (!places && names?.some(name => name.startsWith(category))) {
      if (begin) throw unexpected(line, `one loop _atom_site, that of line ${begin.number}`);
      begin = line;
      places = placesOf(names, line);
    }
    // No name may follow the rows without another loop_.
    names = undefined;
    for (const field of places ? wordsOf(line) : []) {
      fields.push(field);
      if (fields.length < (places?.size ?? 0)) continue;
      const [row, columns] = [fields, places];
      yield column => row[columns?.get(column) ?? -1];
      fields = [];
    }
  }
  expectWhole(fields, places, lines.at(-1) as Line);
}

/** Places of the columns of _atom_site by name. */
function placesOf(names: readonly string[], line: Line): Map<string, number> {
  const other = names.find(name => !name.startsWith(category));
  if (other) throw unexpected(line, `names that begin with ${category} before this row`, quoted(other));
  const places = new Map(names.map((name, place) => [name.slice(category.length), place]));
  if (places.size < names.length) {
    throw unexpected(line, `each column of ${category} once before this row`, 'one again');
  }
  const missing = needed.find(column => !places.has(column));
  if (missing) throw unexpected(line, `a column ${category}${missing} before this row`, 'none');
  return places;
}

function expectWhole(
  fields: readonly Field[],
  columns: ReadonlyMap<string, number> | undefined,
  line: Line,
): void {
  if (fields.length === 0) return;
  throw unexpected(line, `${columns?.size} words in each row of _atom_site`, `${fields.length} in the last`);
}

/** Lines that are not between two that begin with a semicolon, as text of several lines is. */
function* outsideText(lines: readonly Line[]): Generator<Line> {
  let begin: Line | undefined;
  for (const line of lines) {
    if (line.content.startsWith(';')) begin = begin ? undefined : line;
    else if (!begin) yield line;
  }
  if (begin) throw unexpected(begin, 'a semicolon at the beginning of a later line, too', 'none');
}

/** Words of a line. A quotation mark ends one that begins with it only before white space, as in `'O5''`. */
function* wordsOf(line: Line): Generator<Field> {
  const { content } = line;
  const word = /\S+/g;
  for (let found = word.exec(content); found; found = word.exec(content)) {
    const [{ 0: first = '' }, column] = [found[0], found.index + 1];
    if (first === '#') return;
    if (first !== "'" && first !== '"') {
      yield { line, column, text: found[0] };
      continue;
    }
    const quote = new RegExp(`${first}(?=\\s|$)`, 'g');
    quote.lastIndex = column;
    const end = quote.exec(content);
    if (!end) throw unexpectedField({ line, column, text: content.slice(column - 1) }, `another ${first}`);
    yield { line, column, text: content.slice(column, end.index) };
    word.lastIndex = end.index + 1;
  }
}
