import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { moleculeOf, moleculesOf } from '../../../program/read/molecules.ts';
import { property } from '../../support/property.ts';

const posesText = readFileSync(
  new URL('../../../examples/vina/data/imatinib-abl/poses.pdbqt', import.meta.url),
  'utf8',
);
const read = (text: string): Molecule[] => [...moleculesOf(text, 'poses.pdbqt')];

/** Small molecule of three atoms with one torsion. Most tests change one of its lines. */
const lines = [
  'MODEL 1',
  'REMARK  Name = small one',
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

/** Line of an atom of this type. */
const atom = (type: string, serial = 1): string =>
  lines[3].replace('     1', String(serial).padStart(6)).replace('C ', type);

/** The small molecule without line number `line`, counted from 1, or with `text` in its place. */
const changed = (line: number, text?: string): string =>
  lines.flatMap((before, i) => (i !== line - 1 ? [before] : text === undefined ? [] : [text])).join('\n');

/** The small molecule with these characters in its first atom line, from column `at` on. Columns count from 1. */
const atomWith = (columns: string, at: number): string =>
  changed(4, lines[3].slice(0, at - 1) + columns + lines[3].slice(at - 1 + columns.length));

const withoutSource = ({ source: _, ...molecule }: Molecule) => molecule;

describe('the PDBQT reader', () => {
  test('reads atoms, the torsion tree and TORSDOF', () => {
    const [model, ...others] = read(lines.join('\n'));
    expect(others).toEqual([]);
    expect(model).toMatchObject({ name: 'small one', source: { file: 'poses.pdbqt', line: 1 } });
    const [first, second, third] = model?.atoms ?? [];
    expect(first).toMatchObject({
      ...{ serial: 1, name: 'C1', residue: 'LIG A   7', element: 6 },
      ...{ x: -1.5, y: 2.25, z: 100.125 },
    });
    expect(first?.type).toMatchObject({ name: 'C', kind: 'carbon' });
    expect(second).toMatchObject({ x: -11.5, y: -102.25, z: -100.125 });
    expect(third?.type).toMatchObject({ name: 'Cl', kind: 'halogen' });
    expect(model?.tree).toEqual({
      fragmentOf: Int32Array.of(0, 0, 1),
      branches: [{ from: 0, to: 2, parent: 0, fragment: 1 }],
      roots: [{ fragment: 0, isFlexibleResidue: false }],
      torsionalDegrees: 1,
    });
  });

  test('reads 64 poses of imatinib with 39 atoms and 7 torsions each', () => {
    const models = read(posesText);
    expect(models.length).toBe(64);
    for (const { atoms, tree } of models) {
      expect([atoms.length, tree?.branches.length, tree?.torsionalDegrees]).toEqual([39, 7, 7]);
    }
  });

  test('nests branches as the file does', () => {
    const nested = [
      ...['ROOT', atom('C', 1), 'ENDROOT', 'BRANCH 1 5', atom('C', 5), 'BRANCH 5 3', atom('C', 3)],
      ...['ENDBRANCH 5 3', atom('H', 6), 'ENDBRANCH 1 5', 'BRANCH 1 4', atom('C', 4), 'ENDBRANCH 1 4'],
    ];
    const tree = read(nested.join('\n'))[0]?.tree;
    expect(tree?.fragmentOf).toEqual(Int32Array.of(0, 1, 2, 1, 3));
    expect(tree?.branches).toEqual([
      { from: 0, to: 1, parent: 0, fragment: 1 },
      { from: 1, to: 2, parent: 1, fragment: 2 },
      { from: 0, to: 4, parent: 0, fragment: 3 },
    ]);
    expect(tree).not.toHaveProperty('torsionalDegrees');
  });

  test('reads several ligands and flexible residues in one pose, each with serial numbers from 1', () => {
    const part = lines.slice(2, 9);
    const pose = [
      ...['MODEL 1', ...part, 'TORSDOF 1', ...part, 'TORSDOF 2'],
      ...['BEGIN_RES PHE A 7', ...part, 'END_RES PHE A 7', 'ENDMDL'],
    ];
    const [model, ...others] = read(pose.join('\n'));
    expect(others).toEqual([]);
    expect(model?.tree).toEqual({
      fragmentOf: Int32Array.of(0, 0, 1, 2, 2, 3, 4, 4, 5),
      branches: [0, 1, 2].map(i => {
        return { from: 3 * i, to: 3 * i + 2, parent: 2 * i, fragment: 2 * i + 1 };
      }),
      roots: [
        { fragment: 0, isFlexibleResidue: false },
        { fragment: 2, isFlexibleResidue: false },
        { fragment: 4, isFlexibleResidue: true },
      ],
      torsionalDegrees: 3,
    });
  });

  test('accepts repeated serials, ENDMDL without MODEL, and a rigid molecule without ROOT', () => {
    const [model, ...others] = read([atom('C'), atom('OA'), 'TER', 'ENDMDL', 'END'].join('\n'));
    expect(others).toEqual([]);
    expect(model?.atoms.map(({ serial }) => serial)).toEqual([1, 1]);
    expect(model?.tree).toBeUndefined();
  });

  test.each([
    ['Na K Cu Ni Co Cd Hg U Mg Ca Mn Fe Zn', [11, 19, 29, 28, 27, 48, 80, 92, 12, 20, 25, 26, 30], 'metal'],
    ['C A CG0 CG1 CG2 CG3', [6, 6, 6, 6, 6, 6], 'carbon'],
    ['W G0 G1 G2 G3', [0, 0, 0, 0, 0], 'dummy'],
    ['S SA Se', [16, 16, 34], 'sulfur'],
    ['Si', [14], 'silicon'],
    ['At', [85], 'astatine'],
  ])("knows Vina's atom types %s", (types, elements, kind) => {
    const [model] = read(types.split(' ').map(atom).join('\n'));
    expect(model?.atoms.map(({ element }) => element)).toEqual(elements);
    expect(model?.atoms.map(({ type }) => type?.kind)).toEqual(elements.map(() => kind));
  });

  test('reads elements and AutoDock types that Vina has no kind for', () => {
    const [model] = read(['B', 'Al', 'Pt', 'HS', 'NS'].map(atom).join('\n'));
    expect(model?.atoms.map(({ element }) => element)).toEqual([5, 13, 78, 1, 7]);
    expect(model?.atoms.every(atom => !('type' in atom))).toBe(true);
  });

  test.each([
    ['blank', '        '],
    ['nan', '     nan'],
    ['absent', undefined],
  ])('ignores charges (here %s)', (_, charge) => {
    const text =
      charge === undefined ? changed(4, `${lines[3].slice(0, 69).padEnd(77)}C`) : atomWith(charge, 69);
    expect(read(text)).toEqual(read(lines.join('\n')));
  });

  test('reads a file without MODEL lines as one model', () => {
    expect(read(lines.slice(1, -1).join('\n')).map(withoutSource)).toEqual(
      read(lines.join('\n')).map(withoutSource),
    );
  });

  test('allows a blank line before ENDMDL, NULs, a byte order mark, Windows line ends and trailing spaces', () => {
    const text = lines.join('  \r\n').replace('ENDMDL', '\r\n \0  \r\n\0\r\nENDMDL\r\n\r\n');
    expect(read(`\ufeff${text}`)).toEqual(read(lines.join('\n')));
  });

  test('gives the one molecule of a receptor, and rejects a second', () => {
    expect(moleculeOf(lines.join('\n'), 'a.pdbqt').atoms.length).toBe(3);
    expect(() => moleculeOf(`${lines.join('\n')}\n${lines.join('\n')}`, 'a.pdbqt')).toThrow(
      'a.pdbqt, line 12: expected a file with only one molecule, found a second one',
    );
  });

  const twoPoses = posesText.split('ENDMDL\n', 2).flatMap(model => `${model}ENDMDL`.split('\n'));

  property(
    'reads the same molecules whatever the line ends, blank lines and trailing spaces',
    fc.array(fc.constantFrom('\n', '\r\n', '\r', ' \n', '\n\n', '\r\n\r\n', '  \r\n\t\n'), {
      minLength: 1,
      maxLength: 50,
    }),
    ends => {
      const text = twoPoses.map((line, i) => line + ends[i % ends.length]).join('');
      expect(read(text).map(withoutSource)).toEqual(read(twoPoses.join('\n')).map(withoutSource));
    },
  );
});

describe('the PDBQT reader reports file, line and expectation for', () => {
  const anyRecord = /expected ATOM, HETATM, ROOT, BRANCH, .* or the like, found "/;

  test.each([
    [
      'an x that is not a number',
      atomWith('   abc  ', 31),
      4,
      'x in Å, a decimal number in columns 31-38, found "abc"',
    ],
    ['a y of nan', atomWith('     nan', 39), 4, 'y in Å, a decimal number in columns 39-46, found "nan"'],
    [
      'an infinite z',
      atomWith('Infinity', 47),
      4,
      'z in Å, a decimal number in columns 47-54, found "Infinity"',
    ],
    ['a number with an exponent', atomWith('   1e999', 47), 4, 'columns 47-54, found "1e999"'],
    ['a control byte in a number', atomWith('   1.\x1b00', 31), 4, 'found "1.\\x1b00"'],
    [
      'a missing serial',
      atomWith('     ', 7),
      4,
      'a serial number, a whole number in columns 7-11, found nothing',
    ],
    [
      'an atom cut short',
      changed(4, lines[3].slice(0, 43)),
      4,
      'z in Å, a decimal number in columns 47-54, found nothing',
    ],
    ['an atom line shifted by one column', changed(4, ` ${lines[3]}`), 4, anyRecord],
    ['a misspelt ATOM', changed(4, lines[3].replace('ATOM ', 'ATOME')), 4, anyRecord],
    [
      'an unknown atom type',
      atomWith('Xx', 78),
      4,
      /: expected an atom type such as C, A, OA, N, HD or Cl, or an element, from column 78 on, found "Xx"$/,
    ],
    [
      'an atom type in capitals',
      changed(8, lines[7].replace('Cl', 'CL')),
      8,
      /expected an atom type such as .*, found "CL"$/,
    ],
    [
      'a serial repeated in a fragment',
      changed(5, lines[4].replace('     2', '     1')),
      5,
      'a serial number that no other atom of its fragment has, found 1 again',
    ],
    ['an unknown record', changed(2, 'ATM 5'), 2, anyRecord],
    ['a record in lower case', changed(2, 'remark'), 2, anyRecord],
    ['a long line, quoted in part,', 'x'.repeat(1000), 1, `found "${'x'.repeat(79)}…"`],
    [
      'BRANCH with only one atom',
      changed(7, 'BRANCH 1'),
      7,
      'BRANCH and the serial numbers of two atoms, found "BRANCH 1"',
    ],
    [
      'BRANCH from an unknown atom',
      lines.join('\n').replaceAll('1   3', '9   3'),
      7,
      'the serial number of an atom of the fragment around it, found "BRANCH   9   3"',
    ],
    [
      'BRANCH to an unknown atom',
      lines.join('\n').replaceAll('1   3', '1   9'),
      7,
      'atom 9 in the branch that BRANCH begins, found no such atom up to line 9',
    ],
    ['BRANCH without ENDBRANCH', changed(9), 9, 'ENDBRANCH 1 3 for the BRANCH of line 7, found "TORSDOF 1"'],
    [
      'ENDBRANCH of another branch',
      changed(9, 'ENDBRANCH 1 2'),
      9,
      'ENDBRANCH 1 3 for the BRANCH of line 7, found "ENDBRANCH 1 2"',
    ],
    [
      'ENDBRANCH without BRANCH',
      changed(7).replace('ENDROOT\n', '').replace('ENDBRANCH', 'ENDROOT\nENDBRANCH'),
      8,
      'BRANCH before ENDBRANCH, found "ENDBRANCH   1   3"',
    ],
    ['ROOT without ENDROOT', changed(6), 6, 'ENDROOT for the ROOT of line 3 first, found "BRANCH'],
    ['ENDROOT without ROOT', changed(3), 5, 'ROOT before ENDROOT, found "ENDROOT"'],
    ['an atom after ENDROOT', changed(7), 7, 'ROOT or BRANCH before this atom, found "HETATM'],
    [
      'BEGIN_RES without END_RES',
      changed(3, 'BEGIN_RES\nROOT'),
      11,
      'END_RES for the BEGIN_RES of line 3, found',
    ],
    ['TORSDOF without a number', changed(10, 'TORSDOF'), 10, 'TORSDOF and a whole number, found "TORSDOF"'],
    ['MODEL without a number', changed(1, 'MODEL one'), 1, 'MODEL and a whole number, found "MODEL one"'],
    ['MODEL within MODEL', changed(10, 'MODEL 2'), 10, 'ENDMDL for the MODEL of line 1, found "MODEL 2"'],
    [
      'atoms before MODEL',
      changed(1).replace('TORSDOF 1', 'MODEL 2'),
      9,
      'all atoms between MODEL and ENDMDL, or no MODEL at all, found',
    ],
    ['MODEL without ENDMDL', changed(11), 10, 'ENDMDL for the MODEL of line 1, found the end of the file'],
    ['MODEL without atoms', 'MODEL 1\nENDMDL', 2, 'at least one ATOM or HETATM, found ENDMDL'],
  ])('%s', (_what, text, line, message) => {
    expect(() => read(text)).toThrow(`poses.pdbqt, line ${line}: expected `);
    expect(() => read(text)).toThrow(message);
  });

  test('an empty file, which has no line', () => {
    expect(() => read('')).toThrow('poses.pdbqt: expected at least one molecule, found none');
  });
});
