import type { AtomType } from './atom-types.ts';
import {
  atomType,
  columns,
  decimal,
  type Line,
  numberAfterRecord,
  pairAfterRecord,
  recordOf,
  unexpected,
  whole,
} from './line.ts';

/** One ATOM or HETATM line. */
export interface Atom {
  /** The number by which BRANCH lines refer to it. */
  readonly serial: number;
  readonly name: string;
  /** Residue name, chain and number as they stand in the file, such as `TRP B 235`. */
  readonly residue: string;
  /** Coordinates in Å. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Partial charge in units of e; the Vina scoring function does not use it. */
  readonly charge: number;
  readonly type: AtomType;
}

/** A torsion: what hangs on atom `to` turns about its bond to atom `from`. */
export interface Branch {
  readonly from: Atom;
  readonly to: Atom;
}

/** One conformation: a MODEL of a file, or the whole of a file without MODEL lines. */
export interface Model {
  readonly atoms: readonly Atom[];
  /** The torsion tree in the order of the file, a branch before those within it; empty for a rigid molecule. */
  readonly branches: readonly Branch[];
  /** What TORSDOF says, if the file has it: the number of torsions that count as free. */
  readonly torsionalDegrees: number | undefined;
}

/**
 * Reads a PDBQT file: a receptor, a ligand, or the many poses of a docking run.
 *
 * Blank lines, trailing spaces and Windows line ends may stand anywhere. Atoms are read by column, as the format
 * demands (neighbouring fields may touch), all other records by word.
 *
 * @param text the whole file
 * @param file its name, for messages
 * @returns the models in the order of the file: at least one, each of at least one atom
 * @throws Error naming file, line, what was expected there and what was found
 * @example
 * const poses = readPdbqt(await readFile('poses.pdbqt', 'utf8'), 'poses.pdbqt');
 * poses.length;                  // 64
 * poses[0]?.atoms[0]?.type.kind; // 'carbon'
 */
export function readPdbqt(text: string, file: string): Model[] {
  const models: Model[] = [];
  let draft: Draft | undefined;
  const lines = text.split(/\r\n|\n|\r/);

  for (const [index, content] of lines.entries()) {
    const line = { file, number: index + 1, content: content.trimEnd() };
    const record = recordOf(line);
    if (line.content === '' || ignored.has(record)) continue;
    if (record === 'MODEL') {
      numberAfterRecord(line);
      if (draft?.line) throw unexpected(line, `ENDMDL for the MODEL of line ${draft.line} first`);
      if (draft) throw unexpected(line, 'all atoms between MODEL and ENDMDL, or no MODEL at all');
      draft = newDraft(line.number);
    } else if (record === 'ENDMDL') {
      if (!draft?.line) throw unexpected(line, 'MODEL before ENDMDL');
      models.push(modelOf(draft, line, 'ENDMDL'));
      draft = undefined;
    } else {
      if (!draft && models.length > 0) throw unexpected(line, 'MODEL after ENDMDL');
      draft ??= newDraft(undefined);
      readInto(draft, record, line);
    }
  }

  const end = { file, number: lines.length, content: '' };
  if (draft?.line) throw unexpected(end, `ENDMDL for the MODEL of line ${draft.line}`, theEnd);
  if (draft || models.length === 0) models.push(modelOf(draft ?? newDraft(undefined), end, theEnd));
  return models;
}

const theEnd = 'the end of the file';

/** Records that say nothing of atoms or torsions. Those of PDB that end in a digit stand here without. */
const ignored: ReadonlySet<string> = new Set(
  (
    'REMARK USER WARNING ROOT ENDROOT TER END HEADER TITLE COMPND SOURCE KEYWDS EXPDTA AUTHOR REVDAT JRNL ' +
    'SEQRES HELIX SHEET SSBOND LINK SITE CRYST ORIGX SCALE NUMMDL CONECT MASTER'
  ).split(' '),
);

/** A model while its lines are read. Its branches are serials still, as a BRANCH comes before its atoms. */
interface Draft {
  /** The line of its MODEL, if the file has that. */
  readonly line: number | undefined;
  readonly atoms: { readonly atom: Atom; readonly line: number }[];
  readonly branches: DraftBranch[];
  /** Those that wait for their ENDBRANCH, the innermost last. */
  readonly openBranches: DraftBranch[];
  torsionalDegrees: number | undefined;
}

interface DraftBranch {
  readonly serials: readonly [from: number, to: number];
  readonly line: Line;
}

function newDraft(line: number | undefined): Draft {
  return { line, atoms: [], branches: [], openBranches: [], torsionalDegrees: undefined };
}

function readInto(draft: Draft, record: string, line: Line): void {
  switch (record) {
    case 'ATOM':
    case 'HETATM':
      draft.atoms.push({ atom: readAtom(line), line: line.number });
      break;
    case 'BRANCH': {
      const branch = { serials: pairAfterRecord(line), line };
      draft.branches.push(branch);
      draft.openBranches.push(branch);
      break;
    }
    case 'ENDBRANCH': {
      const serials = pairAfterRecord(line);
      const branch = draft.openBranches.pop();
      if (!branch) throw unexpected(line, 'BRANCH before ENDBRANCH');
      if (`${branch.serials}` !== `${serials}`) throw unexpected(line, endOf(branch));
      break;
    }
    case 'TORSDOF':
      draft.torsionalDegrees = numberAfterRecord(line);
      break;
    case 'BEGIN_RES':
      throw unexpected(line, 'a rigid molecule (flexible residues are not supported)');
    default:
      throw unexpected(line, 'ATOM, HETATM, BRANCH, ENDBRANCH, TORSDOF, MODEL, ENDMDL, REMARK or the like');
  }
}

function readAtom(line: Line): Atom {
  return {
    serial: whole(line, 7, 11, 'a serial number'),
    name: columns(line, 13, 16),
    residue: columns(line, 18, 27),
    x: decimal(line, 31, 38, 'x in Å'),
    y: decimal(line, 39, 46, 'y in Å'),
    z: decimal(line, 47, 54, 'z in Å'),
    charge: decimal(line, 69, 76, 'the partial charge'),
    type: atomType(line, 78, 79),
  };
}

/** Checks what shows only when all lines of a model are read, and turns serials into atoms. */
function modelOf(draft: Draft, end: Line, found: string): Model {
  const open = draft.openBranches.at(-1);
  if (open) throw unexpected(end, endOf(open), found);
  if (draft.atoms.length === 0) throw unexpected(end, 'at least one ATOM or HETATM', found);

  const branches = draft.branches.map(({ serials: [from, to], line }) => {
    return { from: atomNamed(from, draft, line), to: atomNamed(to, draft, line) };
  });
  const atoms = draft.atoms.map(({ atom }) => atom);
  return { atoms, branches, torsionalDegrees: draft.torsionalDegrees };
}

/** The atom a BRANCH means. Waters of a receptor often count from 1 again; that matters only to a BRANCH. */
function atomNamed(serial: number, { atoms }: Draft, branch: Line): Atom {
  const [found, again] = atoms.filter(({ atom }) => atom.serial === serial);
  if (!found) throw unexpected(branch, 'BRANCH and the serial numbers of two atoms of its model');
  if (again) {
    const both = `${serial}, which lines ${found.line} and ${again.line} have`;
    throw unexpected(branch, 'serial numbers that one atom each has', both);
  }
  return found.atom;
}

function endOf({ serials, line }: DraftBranch): string {
  return `ENDBRANCH ${serials.join(' ')} for the BRANCH of line ${line.number}`;
}
