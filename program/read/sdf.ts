import type { Atom, Molecule } from '../molecule/molecule.ts';
import { BondList, mdlOrders } from './bond-list.ts';
import { elementIn } from './elements.ts';
import {
  columns,
  coordinateIn,
  type Field,
  fieldAt,
  fieldsOf,
  isDecimal,
  isWhole,
  type Line,
  quoted,
  unexpected,
  wholeIn,
} from './line.ts';
import type { FileRecord, Format } from './record.ts';
import { readTable3000, type Table } from './v3000.ts';

/** Format of MDL, V2000 and V3000: records that end with $$$$. Data fields are not read. */
export const sdf: Format = {
  extensions: ['.sdf', '.sd', '.mol'],
  edge: line => (line.startsWith('$$$$') ? 'last' : undefined),
  read: readRecord,
  isEmpty,
};

function readRecord({ lines }: FileRecord): Molecule[] {
  if (isEmpty({ lines })) return [];
  // Line 1 is the name, line 4 has the numbers of atoms and bonds.
  const [first, , , counts] = lines as [Line, Line?, Line?, Line?];
  const version = counts && /V[23]000/.exec(counts.content)?.[0];
  if (!counts || !version) {
    throw unexpected(counts ?? (lines.at(-1) as Line), 'V2000 or V3000 in line 4 of its record');
  }
  const { atoms, bonds } = version === 'V2000' ? readTable2000(lines) : readTable3000(lines);
  if (atoms.length === 0) throw unexpected(counts, 'at least one atom');
  // Three atoms always lie in a plane, which may be z = 0.
  if (atoms.length > 3 && atoms.every(({ z }) => z === 0)) {
    throw unexpected(first, 'a pose in three dimensions', 'one with z = 0 for all atoms');
  }
  const [end, secondEnd] = lines.slice(4).filter(({ content }) => isEnd(content));
  if (secondEnd) throw unexpected(secondEnd, `$$$$ after the M  END of line ${end?.number}`);
  const source = { file: first.file, line: first.number };
  return [{ name: first.content.trim(), atoms, bonds, source }];
}

function isEmpty({ lines }: FileRecord): boolean {
  return lines.every(({ content }) => content.trim() === '');
}

function readTable2000(lines: readonly Line[]): Table {
  const counts = lines[3] as Line;
  const [atomCount, bondCount] = triplets(counts, 2).map((field, i) => {
    return wholeIn(field, `the number of ${['atoms', 'bonds'][i]}`);
  }) as [number, number];
  const lineAt = (index: number, expected: string): Line => {
    const line = lines[index];
    if (line && !line.content.startsWith('$$$$')) return line;
    const end = lines.at(-1) as Line;
    throw unexpected(end, expected, line ? quoted(line.content) : 'the end of the file');
  };
  const atoms: Atom[] = [];
  while (atoms.length < atomCount) {
    const number = atoms.length + 1;
    atoms.push(readAtom(lineAt(3 + number, `atom ${number} of ${atomCount}`), number));
  }
  const list = new BondList(
    atoms.map(({ serial }) => serial),
    mdlOrders,
  );
  while (list.bonds.length < bondCount) {
    const number = list.bonds.length + 1;
    const line = lineAt(3 + atomCount + number, `bond ${number} of ${bondCount}`);
    const [from, to, kind] = triplets(line, 3) as [Field, Field, Field];
    list.add(from, to, kind);
  }
  // Properties follow the four lines of the head, the atoms and the bonds.
  let at = 4 + atomCount + bondCount;
  for (let line = lineAt(at, 'M  END'); !isEnd(line.content); line = lineAt(++at, 'M  END')) {
    // The text of an alias or a group is in the next line.
    if (/^[AG] /.test(line.content)) at++;
    else if (!/^(?:[MSV] |\s*$)/.test(line.content)) {
      throw unexpected(line, `a property or M  END after ${atomCount} atoms and ${bondCount} bonds`);
    }
  }
  return { atoms, bonds: list.bonds };
}

function isEnd(content: string): boolean {
  return /^M\s+END/.test(content);
}

function readAtom(line: Line, serial: number): Atom {
  const [x, y, z, symbol] = atomFields(line);
  const position = { x: coordinateIn(x, 'x'), y: coordinateIn(y, 'y'), z: coordinateIn(z, 'z') };
  return { serial, name: symbol.text, residue: '', element: elementIn(symbol), ...position };
}

/** Splits a line into coordinates and symbol: at white space if that gives numbers, else by column, because fields may touch. */
export function atomFields(line: Line): [x: Field, y: Field, z: Field, symbol: Field] {
  const words = fieldsOf(line);
  if (words.length > 3 && words.slice(0, 3).every(({ text }) => isDecimal(text))) {
    return words.slice(0, 4) as [Field, Field, Field, Field];
  }
  const field = (first: number, last: number) => ({ line, column: first, text: columns(line, first, last) });
  return [field(1, 10), field(11, 20), field(21, 30), field(32, 34)];
}

/** Splits a line into fields of three columns if all of them hold whole numbers, else at white space. */
function triplets(line: Line, count: number): Field[] {
  const indices = [...Array(count).keys()];
  const fields = indices.map(i => ({ line, column: 3 * i + 1, text: columns(line, 3 * i + 1, 3 * i + 3) }));
  if (fields.every(({ text }) => isWhole(text))) return fields;
  const words = fieldsOf(line);
  return indices.map(i => fieldAt(words, i, line));
}
