import type { Atom, Bond } from '../molecule/molecule.ts';
import { connecting } from './connected.ts';
import { columns, fieldsOf, isWhole, type Line, unexpected } from './line.ts';

/**
 * Bonds by the CONECT records of a model: columns 7-11 name an atom, 12-16, 17-21, 22-26 and 27-31 those that it is bonded to.
 * An atom that a record names twice or three times has a double or triple bond, as many programs write it; a bond that is named
 * once is double where it is as short as one.
 *
 * @param atoms those that are kept; bonds to others, such as alternate locations, are left out
 * @returns undefined where they do not connect all atoms, or serial numbers do not tell atoms apart
 * @throws Error for a record of anything but serial numbers
 */
export function bondsOf(records: readonly Line[], atoms: readonly Atom[]): readonly Bond[] | undefined {
  const places = new Map(atoms.map(({ serial }, place) => [serial, place]));
  if (records.length === 0 || places.size < atoms.length) return undefined;
  /** Number of times that each bond is named, from either of its atoms. */
  const named = new Map<string, number>();
  for (const record of records) {
    const [from, ...others] = serialsIn(record).map(serial => places.get(serial));
    for (const to of others) {
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${from} ${to}`;
      named.set(key, (named.get(key) ?? 0) + 1);
    }
  }
  const bonds: Bond[] = [];
  for (const [key, count] of named) {
    const [from, to] = key.split(' ').map(Number) as [number, number];
    const back = named.get(`${to} ${from}`) ?? 0;
    // Named from both, it is taken from the lower one.
    if (back > 0 && from > to) continue;
    const most = Math.min(3, Math.max(count, back));
    const order = most === 1 && isShort(atoms[from] as Atom, atoms[to] as Atom) ? 2 : most;
    bonds.push({ from, to, order });
  }
  return connecting(bonds, atoms.length);
}

/** Serial numbers by column, or by word where a program has written them so. */
function serialsIn(line: Line): number[] {
  const fixed = [7, 12, 17, 22, 27].map(first => columns(line, first, first + 4)).filter(Boolean);
  const texts = fixed.every(isWhole) ? fixed : fieldsOf(line, 7).map(({ text }) => text);
  if (texts.every(isWhole)) return texts.slice(0, 5).map(Number);
  throw unexpected(line, 'serial numbers of atoms after CONECT');
}

/**
 * Å, below which a bond of two elements is a double one: between the single and the double bonds of F. H. Allen et al., Journal
 * of the Chemical Society, Perkin Transactions 2, S1 (1987).
 */
const longestDouble: ReadonlyMap<string, number> = new Map([
  ['6 6', 1.4],
  ['6 7', 1.31],
  ['7 7', 1.31],
]);

function isShort(a: Atom, b: Atom): boolean {
  const elements = [a.element, b.element].sort((one, other) => one - other).join(' ');
  return Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z) < (longestDouble.get(elements) ?? 0);
}
