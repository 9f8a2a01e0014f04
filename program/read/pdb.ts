import type { Atom, Molecule } from '../molecule/molecule.ts';
import { Alternates } from './alternates.ts';
import { compoundIn } from './compound-remark.ts';
import { bondsOf } from './conect.ts';
import { atomicNumber } from './elements.ts';
import { columns, coordinateAt, isWhole, type Line, quoted, unexpected } from './line.ts';
import type { FileRecord, Format } from './record.ts';

/**
 * Format of the Protein Data Bank, by column (wwPDB, Atomic Coordinate Entry Format 3.3). A model ends at ENDMDL or END.
 *
 * Of an atom with alternate locations the first is taken. All else that has coordinates counts, be it water, an ion or a
 * ligand: take out beforehand what is not to be there. Bonds are those of the CONECT records in the model, where they connect
 * all of its atoms; records after the last ENDMDL are not read.
 */
export const pdb: Format = {
  extensions: ['.pdb', '.ent'],
  edge: line => (line.startsWith('MODEL ') ? 'first' : /^END(?:MDL)?\s*$/.test(line) ? 'last' : undefined),
  read: readRecord,
};

function readRecord({ lines, next }: FileRecord): Molecule[] {
  const atoms: Atom[] = [];
  const alternates = new Alternates();
  const connections: Line[] = [];
  let areNumbered = true;
  const model = lines.find(({ content }) => content.startsWith('MODEL '));
  for (const line of lines) {
    // From 100000 on, serial numbers begin in column 6.
    if (/^(?:ATOM {2}|ATOM [1-9]|HETATM)/.test(line.content)) {
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
      place: { file, line: number },
    },
  ];
}

function serialIn(line: Line): string {
  return columns(line, line.content[5] === 'M' ? 7 : 6, 11);
}

function readAtom(line: Line, place: number): Atom {
  const serial = serialIn(line);
  return {
    // Beyond 99999, programs write letters or stars.
    serial: isWhole(serial) ? Number(serial) : place,
    name: columns(line, 13, 16),
    residue: columns(line, 18, 27),
    element: elementOf(line),
    x: coordinateAt(line, 31, 38, 'x'),
    y: coordinateAt(line, 39, 46, 'y'),
    z: coordinateAt(line, 47, 54, 'z'),
  };
}

/** Records without atoms, in which three numbers may stand as coordinates do. */
const others =
  /^(?:ANISOU|AUTHOR|COMPND|CRYST1|HEADER|HETNAM|JRNL|KEYWDS|MTRIX|ORIGX|REMARK|SCALE|SIG|SOURCE|TITLE|TVECT|USER)/;

/** True for a misspelt ATOM: leaving it out would change the molecule without a word. */
function looksLikeAtom({ content }: Line): boolean {
  if (others.test(content)) return false;
  return /^\s*(?:ato|heta)/i.test(content) || /(?:-?\d{1,4}\.\d{3}\s{0,8}){3}/.test(content);
}

function elementOf(line: Line): number {
  const symbol = columns(line, 77, 78);
  const stated = atomicNumber(symbol);
  if (stated !== undefined) return stated;
  // Before 1996, an entry's number and its lines' stood in columns 73-80.
  const isStated = /[A-Za-z]/.test(symbol) && !/\d$/.test(columns(line, 77, 80));
  const inferred = isStated ? undefined : elementOfName(line);
  if (inferred !== undefined) return inferred;
  throw unexpected(
    line,
    'an element in columns 77-78, or in 13-14',
    quoted(isStated ? symbol : columns(line, 13, 16)),
  );
}

/** Residues of proteins and nucleic acids, which hold no element of two letters. */
const polymer: ReadonlySet<string> = new Set(
  (
    'ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL ASX GLX HID HIE HIP CYX CYM ' +
    'ASH GLH LYN ACE NME NH2 A C G U T DA DC DG DT'
  ).split(' '),
);

/** Elements that a name of four characters may begin with; for all others it begins with one letter. */
const longNamed = /^(?:CL|BR|SI|SE|FE|ZN|MG|MN)/i;

/**
 * Element by the atom's name. Its symbol ends in column 14: `CA` from column 13 is calcium, from column 14 the α carbon.
 * Names of four characters begin in column 13 anyway, as `HG11` does.
 */
function elementOfName(line: Line): number | undefined {
  const name = line.content.slice(12, 16);
  const [first = ''] = /[A-Za-z]/.exec(name) ?? [];
  const isLong = /^\S{4}$/.test(name) && !longNamed.test(name);
  const isShort = !/^[A-Za-z]{2}/.test(name) || isLong || polymer.has(columns(line, 18, 20));
  return (isShort ? undefined : atomicNumber(name.slice(0, 2))) ?? atomicNumber(first);
}
