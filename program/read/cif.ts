import type { Atom, Molecule } from '../molecule/molecule.ts';
import { Alternates } from './alternates.ts';
import { bondsOf, type Row, type Site, siteIn, textIn } from './cif-bonds.ts';
import { elementIn } from './elements.ts';
import { coordinateIn, type Field, isWhole, type Line, quoted, unexpected, unexpectedField } from './line.ts';
import type { FileRecord, Format } from './record.ts';

/**
 * Format mmCIF. Atoms are those of the loop _atom_site of each data block. Of alternate locations, the first is taken. Bonds
 * are those of the loops _chem_comp_bond and _struct_conn, if they connect all atoms of a model.
 *
 * The package Mol* also reads mmCIF, but is not used, because it needs 171 MB of packages, holds the whole text in memory, and
 * reads NaN as 0 and 2.9x5 as 2.9.
 */
export const cif: Format = {
  extensions: ['.cif', '.mmcif'],
  edge: line => (/^data_\S+\s*$/i.test(line) ? 'first' : undefined),
  read: readRecord,
};

function readRecord({ lines }: FileRecord): Molecule[] {
  const models: { readonly molecule: Molecule; readonly sites: Site[] }[] = [];
  const bondRows: Record<BondCategory, Row[]> = { _chem_comp_bond: [], _struct_conn: [] };
  let [atoms, sites]: [Atom[], Site[]] = [[], []];
  let alternates = new Alternates();
  let currentModel: string | undefined;
  for (const { category, row } of rowsOf(lines)) {
    if (category !== '_atom_site') {
      bondRows[category].push(row);
      continue;
    }
    const model = textIn(row, 'pdbx_pdb_model_num');
    if (model !== currentModel) {
      const { file, number: line } = (row('cartn_x') as Field).line;
      [atoms, sites] = [[], []];
      models.push({ molecule: { name: '', atoms, source: { file, line } }, sites });
      alternates = new Alternates();
      currentModel = model;
    }
    const atom = readAtom(row, atoms.length + 1);
    const nameAndPlace = `${atom.name} ${atom.residue.replace(/^\S+ /, '')}`;
    if (!alternates.isFirst(textIn(row, 'label_alt_id'), nameAndPlace)) continue;
    atoms.push(atom);
    sites.push(siteIn(row));
  }
  return models.map(({ molecule, sites }) => {
    const bonds = bondsOf(sites, bondRows._chem_comp_bond, bondRows._struct_conn);
    return bonds ? { ...molecule, bonds } : molecule;
  });
}

/**
 * Reads an atom.
 *
 * @param position position of the atom in its model, from 1; taken as the serial number if the file states none
 */
function readAtom(row: Row, position: number): Atom {
  const field = (column: string) => row(column) as Field;
  const serial = textIn(row, 'id');
  const residue = [
    textIn(row, 'auth_comp_id', 'label_comp_id'),
    textIn(row, 'auth_asym_id', 'label_asym_id'),
    textIn(row, 'auth_seq_id', 'label_seq_id') + textIn(row, 'pdbx_pdb_ins_code'),
  ];
  return {
    serial: isWhole(serial) ? Number(serial) : position,
    name: textIn(row, 'auth_atom_id', 'label_atom_id'),
    residue: residue.join(' ').trim(),
    element: elementIn(field('type_symbol')),
    x: coordinateIn(field('cartn_x'), 'x'),
    y: coordinateIn(field('cartn_y'), 'y'),
    z: coordinateIn(field('cartn_z'), 'z'),
  };
}

/** Required columns of each category that is read. */
const needed: Readonly<Record<Category, readonly string[]>> = {
  _atom_site: ['type_symbol', 'cartn_x', 'cartn_y', 'cartn_z'],
  _chem_comp_bond: ['comp_id', 'atom_id_1', 'atom_id_2'],
  _struct_conn: ['conn_type_id'],
};

type Category = '_atom_site' | BondCategory;
type BondCategory = '_chem_comp_bond' | '_struct_conn';

/** Returns the category of a name such as `_atom_site.id`; undefined if it is not read. */
function categoryOf(name: string): Category | undefined {
  const [category = '', column] = name.split('.');
  return column !== undefined && category in needed ? (category as Category) : undefined;
}

/** Yields the rows of the loops that are read. */
function* rowsOf(lines: readonly Line[]): Generator<{ readonly category: Category; readonly row: Row }> {
  /** Column names of a loop whose header is being read; undefined elsewhere. */
  let names: string[] | undefined;
  /** Loop whose rows are being read. */
  let loop: Loop | undefined;
  const loopStarts = new Map<Category, Line>();
  let fields: Field[] = [];
  for (const line of withoutText(lines)) {
    const word = /^\s*(\S*)/.exec(line.content)?.[1]?.toLowerCase() ?? '';
    if (word === '' || word.startsWith('#')) continue;
    const isName = word.startsWith('_');
    if (isName || word === 'loop_' || word.startsWith('data_')) {
      expectWhole(fields, loop, line);
      loop = undefined;
      if (!isName) names = word === 'loop_' ? [] : undefined;
      else if (/^_atom_site_[^.]*$/.test(word))
        throw unexpected(line, 'mmCIF, with names such as _atom_site.Cartn_x');
      else if (names) names.push(word);
      else if (categoryOf(word) === '_atom_site')
        throw unexpected(line, 'loop_ before the names of _atom_site');
      continue;
    }
    const category = names?.map(categoryOf).find(Boolean);
    if (!loop && names && category) {
      const earlier = loopStarts.get(category);
      if (earlier) throw unexpected(line, `only one loop ${category}, which line ${earlier.number} begins`);
      loopStarts.set(category, line);
      loop = { category, columns: columnsOf(names, category, line) };
    }
    // After the rows, only another loop_ may begin a header.
    names = undefined;
    // A row may end within a line or continue in the next.
    for (const field of loop ? wordsOf(line) : []) {
      fields.push(field);
      if (!loop || fields.length < loop.columns.size) continue;
      const { category, columns } = loop;
      const row = fields;
      yield { category, row: column => row[columns.get(column) ?? -1] };
      fields = [];
    }
  }
  expectWhole(fields, loop, lines.at(-1) as Line);
}

/** Loop of a category that is read. */
interface Loop {
  readonly category: Category;
  /** Index of each column within a row, by name without the category. */
  readonly columns: ReadonlyMap<string, number>;
}

/** Returns the index of each column, by name without the category. */
function columnsOf(names: readonly string[], category: Category, line: Line): Map<string, number> {
  const prefix = `${category}.`;
  const other = names.find(name => !name.startsWith(prefix));
  if (other) throw unexpected(line, `names that begin with ${prefix} before this row`, quoted(other));
  const columns = new Map(names.map((name, index) => [name.slice(prefix.length), index]));
  if (columns.size < names.length) {
    throw unexpected(line, `each column of ${category} once before this row`, 'one twice');
  }
  const missing = needed[category].find(column => !columns.has(column));
  if (missing) throw unexpected(line, `a column ${prefix}${missing} before this row`, 'none');
  return columns;
}

/** Rejects a row that ends before it has a word for each column. */
function expectWhole(fields: readonly Field[], loop: Loop | undefined, line: Line): void {
  if (fields.length === 0 || !loop) return;
  const expected = `${loop.columns.size} words in each row of ${loop.category}`;
  throw unexpected(line, expected, `${fields.length} in the last row before this line`);
}

/** Yields the lines, with `?` in place of each text of several lines. The first and last line of such a text begin with `;`. */
function* withoutText(lines: readonly Line[]): Generator<Line> {
  let begin: Line | undefined;
  for (const line of lines) {
    if (line.content.startsWith(';')) {
      if (begin) yield { ...begin, content: '?' };
      begin = begin ? undefined : line;
    } else if (!begin) yield line;
  }
  if (begin) throw unexpected(begin, 'a later line that begins with a semicolon, to end this text', 'none');
}

/** Yields the words of a line. A closing quotation mark counts only before white space: `'O5''` is the word O5'. */
function* wordsOf(line: Line): Generator<Field> {
  const { content } = line;
  const word = /\S+/g;
  for (let found = word.exec(content); found; found = word.exec(content)) {
    const [text] = found;
    const first = text.charAt(0);
    const column = found.index + 1;
    if (first === '#') return;
    if (first !== "'" && first !== '"') {
      yield { line, column, text };
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
