import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';

const read = (text: string): Molecule[] => [...moleculesOf(text, 'a.mol2')];

const good = `# by hand
@<TRIPOS>MOLECULE
acetamide, in part
 4 4 0 0 0
SMALL
GASTEIGER

@<TRIPOS>ATOM
      1  C1  -0.2420    6.0160   -5.6020 C.ar    1  LIG1        0.0672
      2  N1   0.3300    4.8300    4.8440 N.am    1  LIG1       -0.0267

      7  H1   1.5e-3    4.8300    4.8440 H
      8  CL1  9.0000    9.0000    9.0000 Cl      1  LIG1       nan
@<TRIPOS>BOND
     1     1     2   am
     2     1     7   ar BACKBONE
     3     1     8    2
     4     2     8   nc
@<TRIPOS>SUBSTRUCTURE
     1 LIG1        1
`;

describe('the mol2 reader', () => {
  test('reads atoms in order, elements from atom types, and bonds', () => {
    const [molecule, ...others] = read(good);
    expect(others).toEqual([]);
    expect(molecule).toMatchObject({ name: 'acetamide, in part', source: { file: 'a.mol2', line: 2 } });
    expect(molecule?.atoms.map(({ serial, name, element }) => [serial, name, element])).toEqual([
      [1, 'C1', 6],
      [2, 'N1', 7],
      [7, 'H1', 1],
      [8, 'CL1', 17],
    ]);
    expect(molecule?.atoms[0]).toMatchObject({ residue: 'LIG1', x: -0.242, y: 6.016, z: -5.602 });
    expect(molecule?.atoms[2]).toMatchObject({ residue: '', x: 0.0015 });
    expect(molecule?.bonds).toEqual([
      { from: 0, to: 1, order: 1 },
      { from: 0, to: 2, order: 1.5 },
      { from: 0, to: 3, order: 2 },
    ]);
  });

  test('accepts atom names with a space, as Open Babel writes them', () => {
    const [spaced] = read(good.replace(' C1 ', ' C1 1 '));
    expect(spaced?.atoms).toEqual(read(good)[0]?.atoms);
  });

  test('reads several molecules from one file', () => {
    expect(read(good + good.replace('acetamide', 'another')).map(({ source }) => source.line)).toEqual([
      2, 22,
    ]);
  });

  test('gives dummies and lone pairs the element 0', () => {
    expect(
      read(good.replace('C.ar', 'Du.C').replace('N.am', 'LP'))[0]?.atoms.map(({ element }) => element),
    ).toEqual([0, 0, 1, 17]);
  });

  test.each([
    [
      'a coordinate with a letter',
      '6.0160',
      '6.O160',
      'a.mol2, line 9, column 25: expected y in Å, a number of at most 1000000, found "6.O160"',
    ],
    ['a coordinate that overflows', '6.0160', '1e999', 'found "1e999"'],
    ['a coordinate of NaN', '6.0160', 'NaN', 'found "NaN"'],
    [
      'an atom type without an element',
      'C.ar',
      'Any',
      'column 42: expected an atom type that begins with an element, found "Any"',
    ],
    [
      'an atom line cut short',
      / N\.am.*/,
      '',
      'expected an atom type that begins with an element, found nothing',
    ],
    [
      'fewer atoms than counted',
      /.* H1 .*\n/,
      '',
      'line 4, column 2: expected 3, the number of atoms that follow, found "4"',
    ],
    [
      'more bonds than counted',
      ' 4 4 0',
      ' 4 3 0',
      'line 4, column 4: expected 4, the number of bonds that follow, found "3"',
    ],
    [
      'a bond to atom 99',
      '1     8    2',
      '1    99    2',
      'expected the number of one of 4 atoms, found "99"',
    ],
    [
      'an unknown kind of bond',
      '   am',
      '   xx',
      'expected the kind of a bond, one of 1, 2, 3, am, ar, du, un, nc, found "xx"',
    ],
    [
      'a damaged section title',
      '@<TRIPOS>BOND',
      '@<TRIPO>BOND',
      'line 14: expected @<TRIPOS> and the name of a section',
    ],
    [
      'a repeated section',
      '@<TRIPOS>BOND',
      '@<TRIPOS>ATOM',
      'line 14: expected each section once in a record',
    ],
    [
      'a missing @<TRIPOS>MOLECULE',
      '@<TRIPOS>MOLECULE',
      'MOLECULE',
      'line 2: expected @<TRIPOS>MOLECULE, found "MOLECULE"',
    ],
  ])('rejects %s', (_, from, to, message) => {
    expect(() => read(good.replace(from, to))).toThrow(message);
  });
});
