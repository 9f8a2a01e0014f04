import type { Atom, Molecule } from '../molecule/molecule.ts';
import { type AtomType, atomTypes } from './atom-types.ts';
import { compoundIn } from './compound-remark.ts';
import { atomicNumber } from './elements.ts';
import { columns, coordinateAt, isWhole, type Line, quoted, unexpected } from './line.ts';
import type { FileRecord, Format } from './record.ts';
import { TreeBuilder } from './torsions.ts';

/**
 * Format of AutoDock: a receptor, a ligand with its torsions, or the poses of a docking run, each a MODEL.
 *
 * Blank lines, trailing spaces and NULs are allowed. Atoms are read by column, because neighbouring fields may touch. All
 * other records are read by word. Charges are not read.
 */
export const pdbqt: Format = {
  extensions: ['.pdbqt'],
  edge: line => (line.startsWith('MODEL') ? 'first' : line.startsWith('ENDMDL') ? 'last' : undefined),
  read: readRecord,
  isEmpty: ({ lines }) => lines.every(line => isIgnored(clean(line))),
};

/** Records that are ignored. Names that end in a digit, such as CRYST1, are listed without it. */
const ignored: ReadonlySet<string> = new Set(
  (
    'REMARK USER WARNING TER END HEADER TITLE COMPND SOURCE KEYWDS EXPDTA AUTHOR REVDAT JRNL SEQRES HELIX SHEET ' +
    'SSBOND LINK SITE CRYST ORIGX SCALE NUMMDL CONECT MASTER'
  ).split(' '),
);

function readRecord({ lines, next }: FileRecord): Molecule[] {
  const atoms: Atom[] = [];
  const treeBuilder = new TreeBuilder();
  let name = '';
  let compound: string | undefined;
  let model: Line | undefined;
  let isEnded = false;
  let isEmpty = true;

  for (const raw of lines) {
    const line = clean(raw);
    if (line.content.trim() === '') continue;
    const record = recordOf(line);
    if (record === 'REMARK') {
      name ||= nameIn(line.content);
      compound ??= compoundIn(line.content);
      continue;
    }
    if (ignored.has(record)) continue;
    isEmpty = false;
    if (record === 'ATOM' || record === 'HETATM') {
      const atom = readAtom(line);
      treeBuilder.addAtom(atom.serial, line);
      atoms.push(atom);
    } else if (record === 'MODEL') {
      if (!/^MODEL\s*\d+\s*$/.test(line.content)) throw unexpected(line, 'MODEL and a whole number');
      model = line;
    } else if (record === 'ENDMDL') {
      isEnded = true;
    } else if (!treeBuilder.read(record, line)) {
      throw unexpected(
        line,
        'ATOM, HETATM, ROOT, BRANCH, ENDBRANCH, TORSDOF, BEGIN_RES, MODEL, ENDMDL, REMARK or the like',
      );
    }
  }
  const end = next ?? (lines.at(-1) as Line);
  const found = isEnded ? 'ENDMDL' : next ? quoted(next.content) : 'the end of the file';
  if (isEmpty) return [];
  if (model && !isEnded) throw unexpected(end, `ENDMDL for the MODEL of line ${model.number}`, found);
  if (!model && !isEnded && next) {
    throw unexpected(end, 'all atoms between MODEL and ENDMDL, or no MODEL at all', found);
  }
  const tree = treeBuilder.tree(end, found);
  if (atoms.length === 0) throw unexpected(end, 'at least one ATOM or HETATM', found);
  const { file, number } = model ?? (lines[0] as Line);
  const molecule = { name, ...(compound && { compound }), atoms, source: { file, line: number } };
  return [tree ? { ...molecule, tree } : molecule];
}

/** Returns a line without the NULs at its end, which some programs write in place of carriage returns. */
function clean(line: Line): Line {
  return line.content.includes('\0') ? { ...line, content: withoutTrailingControls(line.content) } : line;
}

/** Returns the name of a record, without digits that follow it. */
function recordOf({ content }: Line): string {
  return /^[A-Z_]*/.exec(content)?.[0] ?? '';
}

/** True for a blank line or an ignored record. */
function isIgnored(line: Line): boolean {
  return line.content.trim() === '' || ignored.has(recordOf(line));
}

/** Returns a text without spaces and control characters at its end. */
function withoutTrailingControls(content: string): string {
  const space = 32;
  let length = content.length;
  while (length > 0 && content.charCodeAt(length - 1) <= space) length--;
  return content.slice(0, length);
}

function serialOf(line: Line): number {
  const serial = columns(line, 7, 11);
  if (isWhole(serial)) return Number(serial);
  throw unexpected(line, 'a serial number, a whole number in columns 7-11', quoted(serial));
}

/** Returns the name of the compound in a remark `Name = …` of Meeko, AutoDock or Vina; '' in other remarks. */
function nameIn(remark: string): string {
  return /^REMARK\s+Name\s*=\s*(\S.*)$/.exec(remark)?.[1]?.trim() ?? '';
}

/** Elements of the atom types of AutoDock 4 that Vina does not know. */
const elementsOfTypes: ReadonlyMap<string, number> = new Map([
  ['HS', 1],
  ['NS', 7],
  ['OS', 8],
  ['G', 6],
  ['GA', 6],
  ['J', 6],
  ['Q', 6],
]);

function readAtom(line: Line): Atom {
  const serial = serialOf(line);
  const [name, residue] = [columns(line, 13, 16), columns(line, 18, 27)];
  const x = coordinateAt(line, 31, 38, 'x');
  const y = coordinateAt(line, 39, 46, 'y');
  const z = coordinateAt(line, 47, 54, 'z');
  const { element, type } = typeOf(line);
  return type
    ? { serial, name, residue, element, x, y, z, type }
    : { serial, name, residue, element, x, y, z };
}

/** Returns the element, and the type if Vina knows it. A type of three letters extends past the columns of the format. */
function typeOf(line: Line): { readonly element: number; readonly type?: AtomType } {
  const name = columns(line, 78);
  const type = atomTypes.get(name);
  if (type) return { element: type.element, type };
  const element = elementsOfTypes.get(name) ?? (/^[A-Z][a-z]?$/.test(name) ? atomicNumber(name) : undefined);
  if (element !== undefined) return { element };
  const expected = 'an atom type such as C, A, OA, N, HD or Cl, or an element, from column 78 on';
  throw unexpected(line, expected, quoted(name));
}
