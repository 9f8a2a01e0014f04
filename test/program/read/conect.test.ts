import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';

/** PDB lines of carbons 2 Å apart, with the serial numbers 11, 12, … */
const carbons = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => {
    const x = (2 * n).toFixed(3).padStart(8);
    return `HETATM   ${n + 11}  C${n + 1}  LIG A   1    ${x}   0.000   0.000  1.00  0.00           C  `;
  });

/** Bonds of the one model in a PDB file, as pairs of indices. */
const pairsIn = (lines: readonly string[]): number[][] | undefined => {
  const [molecule] = [...moleculesOf(lines.join('\n'), 'a.pdb')] as [Molecule];
  return molecule.bonds?.map(({ from, to }) => [from, to]);
};

const star = [
  [0, 1],
  [0, 2],
  [0, 3],
  [0, 4],
];

describe('a CONECT record', () => {
  test.each([
    ['in columns 12-31', 'CONECT   11   12   13   14   15'],
    ['in columns without spaces', 'CONECT1001110012100131001410015'],
    ['separated by single spaces', 'CONECT 11 12 13 14 15'],
  ])('bonds its atom to four partners %s', (_, record) => {
    const isWide = record.includes('10011');
    const atoms = carbons(5).map(line => (isWide ? line.replace(/^HETATM {3}/, 'HETATM100') : line));
    expect(pairsIn([...atoms, record])).toEqual(star);
  });

  // Before 2007, columns 32-61 named hydrogen bonds and salt bridges.
  test.each([
    ['after column 31', 'CONECT   11   12   13   14   15   16'],
    ['after the fifth word', 'CONECT 11 12 13 14 15 16'],
  ])('makes no bond to an atom %s', (_, record) => {
    expect(pairsIn([...carbons(6), record, 'CONECT   15   16'])).toEqual([...star, [4, 5]]);
  });
});
