import type { Atom, Molecule } from '../molecule/molecule.ts';
import { BondList } from './bond-list.ts';
import { atomicNumber } from './elements.ts';
import {
  coordinateIn,
  type Field,
  fieldAt,
  fieldsOf,
  type Line,
  unexpected,
  unexpectedField,
  wholeIn,
} from './line.ts';
import type { FileRecord, Format } from './record.ts';

/**
 * Format of Tripos: records that begin with @<TRIPOS>MOLECULE. Charges are not read. The package Mol* is not used: the
 * doc block of the format mmCIF gives the reasons.
 */
export const mol2: Format = {
  extensions: ['.mol2'],
  edge: line => (line.startsWith('@<TRIPOS>MOLECULE') ? 'first' : undefined),
  read: readRecord,
  isEmpty: ({ lines }) => lines.every(({ content }) => isBlank(content)),
};

/** Bond orders by type: `am` is amide, `ar` aromatic, `du` dummy, `un` unknown; `nc` means not connected. */
const orders: ReadonlyMap<string, number> = new Map([
  ['1', 1],
  ['2', 2],
  ['3', 3],
  ['am', 1],
  ['ar', 1.5],
  ['du', 1],
  ['un', 1],
  ['nc', 0],
]);

function readRecord({ lines }: FileRecord): Molecule[] {
  const sections = sectionsOf(lines);
  const head = sections.get('MOLECULE');
  if (!head) {
    const stray = lines.find(({ content }) => !isBlank(content));
    if (stray) throw unexpected(stray, '@<TRIPOS>MOLECULE');
    return [];
  }
  const [title, nameLine, counts] = head;
  if (!nameLine || !counts) {
    throw unexpected(
      head.at(-1) as Line,
      'a line with the name and one with the number of atoms after this one',
    );
  }
  const [atomCount, bondCount] = fieldsOf(counts);
  // The first line of a section is its title.
  const atoms = (sections.get('ATOM') ?? [])
    .slice(1)
    .filter(({ content }) => !isBlank(content))
    .map(readAtom);
  const emptyField = fieldAt([], 0, counts);
  checkCount(atoms.length, atomCount ?? emptyField, 'atoms');
  if (atoms.length === 0) throw unexpected(counts, 'at least one atom');

  const list = new BondList(
    atoms.map(({ serial }) => serial),
    orders,
  );
  const bondLines = (sections.get('BOND') ?? []).slice(1).filter(({ content }) => !isBlank(content));
  for (const line of bondLines) {
    const fields = fieldsOf(line);
    list.add(fieldAt(fields, 1, line), fieldAt(fields, 2, line), fieldAt(fields, 3, line));
  }
  if (bondCount) checkCount(bondLines.length, bondCount, 'bonds');
  const { file, number } = title as Line;
  return [{ name: nameLine.content.trim(), atoms, bonds: list.bonds, source: { file, line: number } }];
}

/** Returns the lines of each section by its name. The first of them is the title line, such as @<TRIPOS>ATOM. */
function sectionsOf(lines: readonly Line[]): Map<string, Line[]> {
  const sections = new Map<string, Line[]>();
  let section: Line[] = [];
  for (const line of lines) {
    const name = /^@<TRIPOS>(\w+)\s*$/.exec(line.content)?.[1];
    if (name !== undefined) {
      if (sections.has(name)) throw unexpected(line, 'each section once in a record');
      section = [];
      sections.set(name, section);
    } else if (line.content.startsWith('@')) {
      throw unexpected(line, '@<TRIPOS> and the name of a section');
    }
    section.push(line);
  }
  return sections;
}

function readAtom(line: Line): Atom {
  const fields = fieldsOf(line);
  // Open Babel writes atom names with a space in them, which shifts the fields after the name: field 5 is then z, not the type.
  const hasSpacedName = /^[-+.\d]/.test(fields[5]?.text ?? '');
  const at = (index: number) => fieldAt(fields, hasSpacedName && index > 1 ? index + 1 : index, line);
  return {
    serial: wholeIn(at(0), 'the number of an atom'),
    name: at(1).text,
    residue: at(7).text,
    element: elementOf(at(5)),
    x: coordinateIn(at(2), 'x'),
    y: coordinateIn(at(3), 'y'),
    z: coordinateIn(at(4), 'z'),
  };
}

/** Returns the atomic number of a type such as `C.ar`; 0 for `Du`, a dummy, and `LP`, a lone pair. */
function elementOf(type: Field): number {
  const [symbol = ''] = type.text.split('.');
  const element = /^(?:du|lp)$/i.test(symbol) ? 0 : atomicNumber(symbol);
  if (element !== undefined) return element;
  throw unexpectedField(type, 'an atom type that begins with an element');
}

/** Rejects a stated number of atoms or bonds that differs from the number of lines. */
function checkCount(lines: number, stated: Field, name: string): void {
  if (wholeIn(stated, `the number of ${name}`) === lines) return;
  throw unexpectedField(stated, `${lines}, the number of ${name} that follow`);
}

/** True for a blank line or a comment. */
function isBlank(content: string): boolean {
  return content.trim() === '' || content.startsWith('#');
}
