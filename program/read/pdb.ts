import type { Atom, Molecule } from '../molecule/molecule.ts';
import { Alternates } from './alternates.ts';
import { compoundIn } from './compound-remark.ts';
import { bondsOf } from './conect.ts';
import { atomicNumber } from './elements.ts';
import { columns, coordinateAt, isWhole, type Line, quoted, unexpected } from './line.ts';
import type { FileRecord, Format } from './record.ts';

/**
 * Format of the Protein Data Bank, read by column (wwPDB, Atomic Coordinate Entry Format 3.3). A model ends at ENDMDL or END.
 *
 * The first of an atom's alternate locations is taken. Waters, ions and ligands are read, too: remove unwanted ones from the
 * file. Bonds are those of the CONECT records in the model, if they connect all its atoms. CONECT records after the last ENDMDL
 * are not read.
 */
export const pdb: Format = {
  extensions: ['.pdb', '.ent'],
  edge: line => (line.startsWith('MODEL ') ? 'first' : /^END(?:MDL)?\s*$/.test(line) ? 'last' : undefined),
  read: readRecord,
  isEmpty: ({ lines }) => !lines.some(line => isAtom(line) || looksLikeAtom(line)),
};

function readRecord({ lines, next }: FileRecord): Molecule[] {
  const atoms: Atom[] = [];
  const alternates = new Alternates();
  const connections: Line[] = [];
  let areNumbered = true;
  const model = lines.find(({ content }) => content.startsWith('MODEL '));
  for (const line of lines) {
    if (isAtom(line)) {
      const site = `${columns(line, 13, 16)} ${columns(line, 22, 27)}`;
      areNumbered &&= isWhole(serialIn(line));
      if (alternates.isFirst(columns(line, 17, 17), site)) atoms.push(readAtom(line, atoms.length + 1));
    } else if (line.content.startsWith('CONECT')) {
      connections.push(line);
    } else if (looksLikeAtom(line)) {
      throw unexpected(line, 'ATOM or HETATM before coordinates');
    }
  }
  if (atoms.length === 0) return [];
  const last = lines.at(-1) as Line;
  if (model && !last.content.startsWith('END')) {
    const found = next ? quoted(next.content) : 'the end of the file';
    throw unexpected(next ?? last, `ENDMDL for the MODEL of line ${model.number}`, found);
  }
  const { file, number } = model ?? (lines[0] as Line);
  const compound = lines.map(({ content }) => compoundIn(content)).find(Boolean);
  const bonds = areNumbered ? bondsOf(connections, atoms) : undefined;
  return [
    {
      name: '',
      ...(compound && { compound }),
      atoms,
      ...(bonds && { bonds }),
      source: { file, line: number },
    },
  ];
}

function isAtom({ content }: Line): boolean {
  // Serial numbers from 100000 on begin in column 6, directly after ATOM and a space.
  return /^(?:ATOM {2}|ATOM [1-9]|HETATM)/.test(content);
}

/** Returns the serial number of an atom. After ATOM, it may be one column longer than after HETATM. */
function serialIn(line: Line): string {
  return columns(line, line.content[5] === 'M' ? 7 : 6, 11);
}

/**
 * Reads an atom.
 *
 * @param position position of the atom in its model, from 1; taken as the serial number if the file states none
 */
function readAtom(line: Line, position: number): Atom {
  const serial = serialIn(line);
  return {
    // Beyond 99999, programs write letters or asterisks.
    serial: isWhole(serial) ? Number(serial) : position,
    name: columns(line, 13, 16),
    residue: columns(line, 18, 27),
    element: elementOf(line),
    x: coordinateAt(line, 31, 38, 'x'),
    y: coordinateAt(line, 39, 46, 'y'),
    z: coordinateAt(line, 47, 54, 'z'),
  };
}

/** Records without atoms that may hold three numbers in a row, as coordinates are. */
const nonAtomRecords =
  /^(?:ANISOU|AUTHOR|COMPND|CRYST1|HEADER|HETNAM|JRNL|KEYWDS|MTRIX|ORIGX|REMARK|SCALE|SIG|SOURCE|TITLE|TVECT|USER)/;

/** True for a line that is probably a misspelt ATOM or HETATM, which must not be ignored silently. */
function looksLikeAtom({ content }: Line): boolean {
  if (nonAtomRecords.test(content)) return false;
  return /^\s*(?:ato|heta)/i.test(content) || /(?:-?\d{1,4}\.\d{3}\s{0,8}){3}/.test(content);
}

/** Returns the atomic number that columns 77-78 state, or that follows from the name of the atom. */
function elementOf(line: Line): number {
  const symbol = columns(line, 77, 78);
  const stated = atomicNumber(symbol);
  if (stated !== undefined) return stated;
  // Files from before 1996 have the identifier of the entry and the number of the line in columns 73-80.
  const isStated = /[A-Za-z]/.test(symbol) && !/\d$/.test(columns(line, 77, 80));
  const inferred = isStated ? undefined : elementOfName(line);
  if (inferred !== undefined) return inferred;
  throw unexpected(
    line,
    'an element in columns 77-78, or in 13-14',
    quoted(isStated ? symbol : columns(line, 13, 16)),
  );
}

/** Residues of proteins and nucleic acids, which have no elements with symbols of two letters. */
const polymer: ReadonlySet<string> = new Set(
  (
    'ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL ASX GLX HID HIE HIP CYX CYM ' +
    'ASH GLH LYN ACE NME NH2 A C G U T DA DC DG DT'
  ).split(' '),
);

/** Two-letter symbols that may begin an atom name of four characters. Other such names begin with a one-letter symbol. */
const twoLetterSymbols = /^(?:CL|BR|SI|SE|FE|ZN|MG|MN)/i;

/**
 * Returns the element that an atom's name begins with. The symbol ends in column 14: `CA` from column 13 is calcium, but from
 * column 14 it is the α carbon. Names of four characters, such as `HG11`, begin in column 13 whatever the element.
 */
function elementOfName(line: Line): number | undefined {
  const name = line.content.slice(12, 16);
  const [first = ''] = /[A-Za-z]/.exec(name) ?? [];
  const hasOneLetterSymbol =
    !/^[A-Za-z]{2}/.test(name) ||
    (/^\S{4}$/.test(name) && !twoLetterSymbols.test(name)) ||
    polymer.has(columns(line, 18, 20));
  return (hasOneLetterSymbol ? undefined : atomicNumber(name.slice(0, 2))) ?? atomicNumber(first);
}
