import { type Atoms, atomsOf } from '../../examples/networks/pose.ts';
import { atomicNumber } from './elements.ts';
import { columns, decimal, type Line, recordOf, unexpected } from './line.ts';

/**
 * Reads the atoms of a PDB file with one model, by column (wwPDB, Atomic Coordinate Entry Format 3.3).
 *
 * Of an atom with alternate locations the first is taken. All else that has coordinates counts, be it water, an ion or a
 * ligand: take out beforehand what is not to be there.
 *
 * @throws Error naming file, line, what was expected there and what was found
 */
export function readPdb(text: string, file: string): Atoms {
  const elements: number[] = [];
  const coordinates: number[] = [];
  const located = new Set<string>();
  let models = 0;

  for (const [index, content] of text.split(/\r\n|\n|\r/).entries()) {
    const line = { file, number: index + 1, content };
    const record = recordOf(line);
    if (record === 'MODEL' && ++models > 1) {
      throw unexpected(line, 'one model, as a receptor has', 'another');
    }
    if ((record !== 'ATOM' && record !== 'HETATM') || isAlternate(line, located)) continue;
    elements.push(elementOf(line));
    coordinates.push(
      decimal(line, 31, 38, 'x in Å'),
      decimal(line, 39, 46, 'y in Å'),
      decimal(line, 47, 54, 'z in Å'),
    );
  }
  if (elements.length === 0) throw new Error(`${file}: expected at least one ATOM or HETATM, found none`);
  return atomsOf(elements, coordinates);
}

/** Whether the line locates an atom again that an earlier line has located. */
function isAlternate(line: Line, located: Set<string>): boolean {
  if (columns(line, 17, 17) === '') return false;
  // Name, chain, number and insertion code, but not the residue's name: alternates may be of different residues.
  const atom = `${columns(line, 13, 16)} ${columns(line, 22, 27)}`;
  const isKnown = located.has(atom);
  located.add(atom);
  return isKnown;
}

/** The element must be stated: from the name alone, `CA` may be calcium or the α carbon. */
function elementOf(line: Line): number {
  const symbol = columns(line, 77, 78);
  const found = atomicNumber(symbol);
  if (found !== undefined) return found;
  throw unexpected(line, 'an element in columns 77-78', symbol === '' ? 'nothing' : `"${symbol}"`);
}
