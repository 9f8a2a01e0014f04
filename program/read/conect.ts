import type { Atom, Bond } from '../molecule/molecule.ts';
import { connecting } from './connected.ts';
import { columns, fieldsOf, isWhole, type Line, unexpected } from './line.ts';

/**
 * Finds the bonds of a model from its CONECT records. Columns 7-11 of a record name an atom, columns 12-16, 17-21, 22-26 and
 * 27-31 the atoms bonded to it. Many programs name the other atom of a double or triple bond twice or three times. A bond named
 * once counts as double if it is as short as a double bond.
 *
 * @param atoms atoms of the model. Bonds to others, such as alternate locations, are left out
 * @returns undefined if the bonds do not connect all atoms, or if two atoms have the same serial number
 * @throws Error naming file and line of a record that holds anything but serial numbers
 */
export function bondsOf(records: readonly Line[], atoms: readonly Atom[]): readonly Bond[] | undefined {
  const indices = new Map(atoms.map(({ serial }, index) => [serial, index]));
  if (records.length === 0 || indices.size < atoms.length) return undefined;
  /** Number of times that the records of atom `from` name atom `to`, by the key `from to` of their indices. */
  const counts = new Map<string, number>();
  for (const record of records) {
    const [from, ...others] = serialsIn(record).map(serial => indices.get(serial));
    for (const to of others) {
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${from} ${to}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const bonds: Bond[] = [];
  for (const [key, count] of counts) {
    const [from, to] = key.split(' ').map(Number) as [number, number];
    const reverseCount = counts.get(`${to} ${from}`) ?? 0;
    // A bond named from both ends is added once.
    if (reverseCount > 0 && from > to) continue;
    const stated = Math.min(3, Math.max(count, reverseCount));
    const order = stated === 1 && isShort(atoms[from] as Atom, atoms[to] as Atom) ? 2 : stated;
    bonds.push({ from, to, order });
  }
  return connecting(bonds, atoms.length);
}

/** Reads serial numbers: by column, or by word if a column does not hold a whole number, because some programs ignore columns. */
function serialsIn(line: Line): number[] {
  const fixed = [7, 12, 17, 22, 27].map(first => columns(line, first, first + 4)).filter(Boolean);
  const texts = fixed.every(isWhole) ? fixed : fieldsOf(line, 7).map(({ text }) => text);
  // A record names an atom, and up to four atoms that are bonded to it.
  if (texts.every(isWhole)) return texts.slice(0, 5).map(Number);
  throw unexpected(line, 'serial numbers of atoms after CONECT');
}

/**
 * Length in Å below which a bond counts as double, by the atomic numbers of its atoms. Each lies between the lengths of single
 * and double bonds in F. H. Allen et al., Journal of the Chemical Society, Perkin Transactions 2, S1 (1987).
 */
const longestDouble: ReadonlyMap<string, number> = new Map([
  ['6 6', 1.4],
  ['6 7', 1.31],
  ['7 7', 1.31],
]);

/** True if a bond between two atoms is as short as a double bond. */
function isShort(a: Atom, b: Atom): boolean {
  const elements = [a.element, b.element].sort((one, other) => one - other).join(' ');
  return Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z) < (longestDouble.get(elements) ?? 0);
}
