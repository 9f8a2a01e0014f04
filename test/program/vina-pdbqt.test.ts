import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Model, readPdbqt } from '../../program/read/pdbqt.ts';
import { property } from '../support/property.ts';

const posesText = readFileSync(
  new URL('../../examples/vina/data/imatinib-abl/poses.pdbqt', import.meta.url),
  'utf8',
);
const read = (text: string): Model[] => readPdbqt(text, 'poses.pdbqt');

/** A molecule of three atoms and a torsion; each test spoils one line of it. */
const lines = [
  'MODEL 1',
  'REMARK a small one',
  'ROOT',
  'ATOM      1  C1  LIG A   7      -1.500   2.250 100.125  1.00  0.00    +0.014 C ',
  'ATOM      2  O1  LIG A   7     -11.500-102.250-100.125  1.00  0.00    -0.338 OA',
  'ENDROOT',
  'BRANCH   1   3',
  'HETATM    3 CL1  LIG A   7       1.500   2.250   0.125  1.00  0.00    -0.085 Cl',
  'ENDBRANCH   1   3',
  'TORSDOF 1',
  'ENDMDL',
] as const;

describe('the reader of PDBQT', () => {
  test('takes atoms that share a serial, as waters of a receptor do, where no BRANCH means one', () => {
    const [, , , first, second] = lines;
    const [model] = read([first, second.replace('     2', '     1')].join('\n'));
    expect(model?.atoms.map(({ serial }) => serial)).toEqual([1, 1]);
  });

  test('reads atoms, the torsion tree and TORSDOF', () => {
    const [model, ...others] = read(lines.join('\n'));
    expect(others).toEqual([]);
    const [first, second, third] = model?.atoms ?? [];
    expect(first).toMatchObject({
      serial: 1,
      name: 'C1',
      residue: 'LIG A   7',
      x: -1.5,
      y: 2.25,
      z: 100.125,
      charge: 0.014,
    });
    expect(first?.type).toMatchObject({ name: 'C', kind: 'carbon' });
    expect(second).toMatchObject({ x: -11.5, y: -102.25, z: -100.125 });
    expect(third?.type).toMatchObject({ name: 'Cl', kind: 'halogen' });
    expect(model?.branches).toEqual([{ from: first, to: third }]);
    expect(model?.torsionalDegrees).toBe(1);
  });

  test('reads 64 poses of imatinib with 39 atoms and 7 torsions each', () => {
    const models = read(posesText);
    expect(models.length).toBe(64);
    for (const { atoms, branches, torsionalDegrees } of models) {
      expect([atoms.length, branches.length, torsionalDegrees]).toEqual([39, 7, 7]);
    }
  });

  test('reads a file without MODEL lines as one model', () => {
    expect(read(lines.slice(1, -1).join('\n'))).toEqual(read(lines.join('\n')));
  });

  test('stands a blank line before ENDMDL, Windows line ends and trailing spaces', () => {
    const text = lines.join('  \r\n').replace('ENDMDL', '\r\n   \r\nENDMDL\r\n\r\n');
    expect(read(text)).toEqual(read(lines.join('\n')));
  });

  const twoPoses = posesText.split('ENDMDL\n', 2).flatMap(model => `${model}ENDMDL`.split('\n'));

  property(
    'reads the same whatever the line ends, blank lines and trailing spaces',
    fc.array(fc.constantFrom('\n', '\r\n', '\r', ' \n', '\n\n', '\r\n\r\n', '  \r\n\t\n'), {
      minLength: 1,
      maxLength: 50,
    }),
    ends => {
      const text = twoPoses.map((line, i) => line + ends[i % ends.length]).join('');
      expect(read(text)).toEqual(read(twoPoses.join('\n')));
    },
  );
});

describe('a malformed PDBQT file is told by file, line, what was expected and what stood there', () => {
  /** The small molecule with other text in one line, counted from 1; `undefined` takes the line out. */
  const spoiled = (line: number, text?: string): string =>
    lines.flatMap((before, i) => (i !== line - 1 ? [before] : text === undefined ? [] : [text])).join('\n');
  const atomWith = (columns: string, at: number): string => {
    const line = lines[3];
    return spoiled(4, line.slice(0, at - 1) + columns + line.slice(at - 1 + columns.length));
  };

  const anyRecord =
    /expected ATOM, HETATM, BRANCH, ENDBRANCH, TORSDOF, MODEL, ENDMDL, REMARK or the like, found "/;

  test.each([
    [
      'an x that is no number',
      atomWith('   abc  ', 31),
      4,
      'x in Å, a decimal number in columns 31-38, found "abc"',
    ],
    [
      'a y that is no number',
      atomWith('     nan', 39),
      4,
      'y in Å, a decimal number in columns 39-46, found "nan"',
    ],
    [
      'an infinite z',
      atomWith('Infinity', 47),
      4,
      'z in Å, a decimal number in columns 47-54, found "Infinity"',
    ],
    [
      'no charge',
      atomWith('        ', 69),
      4,
      'the partial charge, a decimal number in columns 69-76, found nothing',
    ],
    ['no serial', atomWith('     ', 7), 4, 'a serial number, a whole number in columns 7-11, found nothing'],
    [
      'an atom cut short',
      spoiled(4, lines[3].slice(0, 43)),
      4,
      'z in Å, a decimal number in columns 47-54, found nothing',
    ],
    ['a shifted atom', spoiled(4, ` ${lines[3]}`), 4, anyRecord],
    [
      'an unknown atom type',
      atomWith('Xx', 78),
      4,
      /expected an AutoDock atom type \(H HD C A .*\) in columns 78-79, found "Xx"/,
    ],
    [
      'an atom type in capitals',
      spoiled(8, lines[7].replace('Cl', 'CL')),
      8,
      /expected an AutoDock atom type .*, found "CL"/,
    ],
    [
      'a serial twice that a BRANCH names',
      spoiled(8, lines[7].replace('    3', '    1')),
      7,
      'serial numbers that one atom each has, found 1, which lines 4 and 8 have',
    ],
    ['an unknown record', spoiled(2, 'ATM 5'), 2, anyRecord],
    ['a record in lower case', spoiled(2, 'remark'), 2, anyRecord],
    ['a long line of something else', 'x'.repeat(1000), 1, `found "${'x'.repeat(79)}…"`],
    [
      'a flexible residue',
      spoiled(2, 'BEGIN_RES'),
      2,
      'a rigid molecule (flexible residues are not supported), found "BEGIN_RES"',
    ],
    [
      'BRANCH to nowhere',
      spoiled(7, 'BRANCH 1'),
      7,
      'BRANCH and the serial numbers of two atoms, found "BRANCH 1"',
    ],
    [
      'BRANCH to an unknown atom',
      lines.join('\n').replaceAll('1   3', '1   9'),
      7,
      'two atoms of its model, found "BRANCH   1   9"',
    ],
    ['BRANCH without end', spoiled(9), 10, 'ENDBRANCH 1 3 for the BRANCH of line 7, found ENDMDL'],
    [
      'the end of another branch',
      spoiled(9, 'ENDBRANCH 1 2'),
      9,
      'ENDBRANCH 1 3 for the BRANCH of line 7, found "ENDBRANCH 1 2"',
    ],
    ['ENDBRANCH alone', spoiled(7), 8, 'BRANCH before ENDBRANCH, found "ENDBRANCH   1   3"'],
    ['TORSDOF without a number', spoiled(10, 'TORSDOF'), 10, 'TORSDOF and a whole number, found "TORSDOF"'],
    ['MODEL without a number', spoiled(1, 'MODEL one'), 1, 'MODEL and a whole number, found "MODEL one"'],
    ['MODEL in a MODEL', spoiled(10, 'MODEL 2'), 10, 'ENDMDL for the MODEL of line 1 first, found "MODEL 2"'],
    [
      'atoms before MODEL',
      spoiled(1).replace('TORSDOF 1', 'MODEL 2'),
      9,
      'all atoms between MODEL and ENDMDL, or no MODEL at all, found',
    ],
    [
      'atoms after ENDMDL',
      `${lines.join('\n')}\n${lines[3]}`,
      12,
      'MODEL after ENDMDL, found "ATOM      1  C1',
    ],
    ['ENDMDL alone', spoiled(1), 10, 'MODEL before ENDMDL, found "ENDMDL"'],
    ['MODEL without end', spoiled(11), 10, 'ENDMDL for the MODEL of line 1, found the end of the file'],
    ['MODEL without atoms', 'MODEL 1\nROOT\nENDMDL', 3, 'at least one ATOM or HETATM, found ENDMDL'],
    ['an empty file', '', 1, 'at least one ATOM or HETATM, found the end of the file'],
  ])('%s', (_what, text, line, message) => {
    expect(() => read(text)).toThrow(`poses.pdbqt, line ${line}: expected `);
    expect(() => read(text)).toThrow(message);
  });
});
