import { Molecule } from 'openchemlib';
import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';

declare global {
  // The declarations of openchemlib name these two of a browser, which are no concern of ours.
  interface HTMLElement {
    readonly tagName: string;
  }
  interface CustomElementConstructor {
    new (): HTMLElement;
  }
}

/**
 * Reads the atoms of each record of an SDF file, in V2000 or V3000. The order of a record's atoms may change: hydrogens
 * come last.
 *
 * @throws Error naming the file, the record and its first line, if a record cannot be read, has an atom that is no
 * element, or lies flat
 */
export function readSdf(text: string, file: string): Atoms[] {
  const records: Atoms[] = [];
  let lines: string[] = [];
  let start = 1;
  const allLines = text.split(/\r\n|\n|\r/);
  for (const [index, line] of allLines.entries()) {
    const isEnd = line.startsWith('$$$$');
    if (!isEnd) lines.push(line);
    const isLast = index === allLines.length - 1;
    // The last record may lack its $$$$; after it, only blank lines may follow.
    if (isEnd || (isLast && lines.some(each => each.trim() !== ''))) {
      records.push(readRecord(lines.join('\n'), `${file}, line ${start}: record ${records.length + 1}`));
      lines = [];
      start = index + 2;
    }
  }
  if (records.length === 0) throw new Error(`${file}: expected at least one record, found none`);
  return records;
}

function readRecord(molfile: string, where: string): Atoms {
  const molecule = Molecule.fromMolfile(molfile);
  const atoms = [...Array(molecule.getAllAtoms()).keys()];
  // What openchemlib cannot read, it gives back as a molecule without atoms.
  if (atoms.length === 0) throw new Error(`${where} is no molecule in MDL format`);
  const elements = atoms.map(atom => molecule.getAtomicNo(atom));
  if (elements.includes(0)) throw new Error(`${where} has an atom that is no element`);
  const coordinates = atoms.flatMap(atom => coordinatesOf(molecule, atom));
  const isFlat = coordinates.every((number, i) => i % 3 !== 2 || number === 0);
  if (isFlat && atoms.length > 3) throw new Error(`${where} lies flat: a pose needs three dimensions`);
  return atomsOf(elements, coordinates);
}

/** Where an atom is, as the file says: openchemlib turns y and z about, to have y point down as on a screen. */
function coordinatesOf(molecule: Molecule, atom: number): [x: number, y: number, z: number] {
  return [molecule.getAtomX(atom), -molecule.getAtomY(atom), -molecule.getAtomZ(atom)];
}
