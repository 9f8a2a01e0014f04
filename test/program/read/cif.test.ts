import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { treeOfBonds } from '../../../program/molecule/rotatable.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';

const read = (text: string): Molecule[] => [...moleculesOf(text, 'a.cif')];

const good = `data_TEST
#
_struct.title 'a loop_ of words'
_struct.text
;data_ that is text
_atom_site.id
;
loop_
_chem_comp.id
_chem_comp.name
A 'five " six'
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_alt_id
_atom_site.label_comp_id
_atom_site.auth_asym_id
_atom_site.auth_seq_id
_atom_site.pdbx_PDB_ins_code
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.pdbx_PDB_model_num
ATOM   1 C  CA    A ALA B 7 ? 1.500 -2.25 100.125 1
ATOM   2 C  CA    B ALA B 7 ? 1.600 -2.25 100.125 1
ATOM   3 O  "O5'" . ALA B 7 ? 2.500 -2.25
100.125 1
HETATM 4 ZN 'ZN' . ZN  C 8 A 3.500 -2.25 1e2 1
HETATM 5 D  D1   . ZN  C 8 A 3.500 -2.25 100 2
#
loop_
_atom_site_anisotrop.id
_atom_site_anisotrop.U[1][1]
1 0.5
`;

describe('the mmCIF reader', () => {
  test('reads one molecule for each model from the loop _atom_site', () => {
    const [first, second, ...others] = read(good);
    expect(others).toEqual([]);
    expect(first?.atoms).toEqual([
      { serial: 1, name: 'CA', residue: 'ALA B 7', element: 6, x: 1.5, y: -2.25, z: 100.125 },
      { serial: 3, name: "O5'", residue: 'ALA B 7', element: 8, x: 2.5, y: -2.25, z: 100.125 },
      { serial: 4, name: 'ZN', residue: 'ZN C 8A', element: 30, x: 3.5, y: -2.25, z: 100 },
    ]);
    expect(first?.source).toEqual({ file: 'a.cif', line: 26 });
    expect(second?.atoms.map(({ element }) => element)).toEqual([1]);
  });

  test('distinguishes residues of one number by their insertion codes', () => {
    const columns = 'type_symbol label_atom_id label_alt_id auth_asym_id auth_seq_id pdbx_PDB_ins_code';
    const names = [...columns.split(' '), 'Cartn_x', 'Cartn_y', 'Cartn_z'];
    const header = `data_X\nloop_\n${names.map(name => `_atom_site.${name}\n`).join('')}`;
    const [molecule] = read(`${header}C CA A B 7 ? 1 0 0\nC CA A B 7 A 2 0 0\nC CA B B 7 A 3 0 0\n`);
    expect(molecule?.atoms.map(({ residue, x }) => [residue, x])).toEqual([
      ['B 7', 1],
      ['B 7A', 2],
    ]);
  });

  test('reads several data blocks, and columns in any order', () => {
    const few =
      'data_X\nloop_\n_atom_site.Cartn_z\n_atom_site.Cartn_y\n_atom_site.Cartn_x\n_atom_site.type_symbol\n3 2 1 N\n';
    expect(read(few + few)).toMatchObject([
      { atoms: [{ serial: 1, element: 7, x: 1, y: 2, z: 3 }] },
      { atoms: [{ serial: 1 }] },
    ]);
  });

  test.each([
    [
      'a coordinate with a letter',
      '1.500',
      '1.5OO',
      'a.cif, line 26, column 31: expected x in Å, a number of at most 1000000, found "1.5OO"',
    ],
    ['an unknown coordinate', '1.500', '?', 'found "?"'],
    ['a coordinate of NaN', '1.500', 'NaN', 'found "NaN"'],
    ['an unknown element', '1 C ', '1 Qq', 'line 26, column 10: expected an element, found "Qq"'],
    [
      'a row with a word missing',
      ' 100 2\n',
      ' 100\n',
      'line 33: expected 13 words in each row of _atom_site, found 12 in the last row before this line',
    ],
    [
      'a missing column',
      '_atom_site.Cartn_x\n',
      '',
      'line 25: expected a column _atom_site.cartn_x before this row, found none',
    ],
    ['an unclosed quotation mark', "'ZN'", "'ZN", "expected another ', found"],
    [
      'an unclosed text field',
      ';\nloop_',
      'loop_',
      'line 5: expected a later line that begins with a semicolon, to end this text, found none',
    ],
    [
      'crystal coordinates (_atom_site_fract_x)',
      '_atom_site.group_PDB',
      '_atom_site_fract_x',
      'line 13: expected mmCIF, with names such as _atom_site.Cartn_x',
    ],
    [
      'a repeated column',
      '_atom_site.id\n_atom_site.t',
      '_atom_site.id\n_atom_site.id\n_atom_site.t',
      'line 27: expected each column of _atom_site once before this row, found one twice',
    ],
    [
      'a file without atoms',
      /loop_\n_atom_site[\s\S]*/,
      '',
      'a.cif: expected at least one molecule, found none',
    ],
    [
      'a column of another category',
      '_atom_site.group_PDB',
      '_atom.group_PDB',
      'line 26: expected names that begin with _atom_site. before this row, found "_atom.group_pdb"',
    ],
    [
      'a missing loop_',
      'loop_\n_atom_site.g',
      '_atom_site.g',
      'line 12: expected loop_ before the names of _atom_site',
    ],
    [
      'a second loop _atom_site',
      '#\nloop_',
      'loop_\n_atom_site.id\n1\nloop_',
      'line 34: expected only one loop _atom_site, which line 26 begins',
    ],
  ])('rejects %s', (_, from, to, message) => {
    expect(() => read(good.replace(from, to))).toThrow(message);
  });
});

describe('the mmCIF reader, given bonds,', () => {
  const sites = (rows: readonly string[]) =>
    [
      'data_B\nloop_',
      ...'id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id auth_seq_id Cartn_x Cartn_y Cartn_z'
        .split(' ')
        .map(name => `_atom_site.${name}`),
      ...rows,
      '#\n',
    ].join('\n');
  /** Two residues of two atoms each. */
  const two = [
    '1 C C1 . LIG A 1 0 0 0',
    '2 C C2 . LIG A 1 1.5 0 0',
    '3 C C1 . LIG A 2 2 1.5 0',
    '4 C C2 . LIG A 2 3 1.5 0',
  ];
  /** Loop `_chem_comp_bond`, which lists bonds within a residue. */
  const bondsWithin = (order: string, flag = 'N') =>
    `loop_\n${['comp_id', 'atom_id_1', 'atom_id_2', 'value_order', 'pdbx_aromatic_flag']
      .map(name => `_chem_comp_bond.${name}\n`)
      .join('')}ALA C1 C2 sing N\nLIG C1 C2 ${order} ${flag}\nLIG C2 H2 sing N\n#\n`;
  /** Loop `_struct_conn`, which lists a bond between the two residues. */
  const bondBetween = (kind: string, symmetry = '1_555', seq = '2') =>
    `loop_\n${['id', 'conn_type_id', 'details']
      .concat([1, 2].flatMap(n => ['asym_id', 'comp_id', 'atom_id'].map(name => `ptnr${n}_label_${name}`)))
      .concat([
        'ptnr1_auth_seq_id',
        'ptnr2_auth_seq_id',
        'ptnr1_symmetry',
        'ptnr2_symmetry',
        'pdbx_value_order',
      ])
      .map(name => `_struct_conn.${name}\n`)
      .join('')}x1 ${kind}\n;text of\nlines\n;\nA LIG C2 A LIG C1 1 ${seq} 1_555 ${symmetry} ?\n#\n`;
  const bondsIn = (text: string) => read(text)[0]?.bonds;

  test('reads them within and between residues, whether their loops precede or follow the atoms', () => {
    const bonds = [
      { from: 0, to: 1, order: 1 },
      { from: 2, to: 3, order: 1 },
      { from: 1, to: 2, order: 1 },
    ];
    expect(bondsIn(sites(two) + bondsWithin('SING') + bondBetween('covale'))).toEqual(bonds);
    expect(
      bondsIn(`data_A\n${bondBetween('covale')}${bondsWithin('sing')}${sites(two).replace('data_B\n', '')}`),
    ).toEqual(bonds);
    const [molecule] = read(sites(two) + bondsWithin('sing') + bondBetween('covale'));
    expect(treeOfBonds(molecule as Molecule)?.branches).toEqual([{ from: 1, to: 2, parent: 0, fragment: 1 }]);
  });

  test.each([
    ['doub', 'N', 2],
    ['TRIP', 'N', 3],
    ['arom', 'N', 1.5],
    ['DOUB', 'Y', 1.5],
    ['?', '?', 1],
  ])('reads the order %s with the aromatic flag %s as %d', (order, flag, expected) => {
    expect(bondsIn(sites(two.slice(0, 2)) + bondsWithin(order, flag))).toEqual([
      { from: 0, to: 1, order: expected },
    ]);
  });

  test('distinguishes residues of one number by their insertion codes', () => {
    const codes = ['?', '?', 'A', 'A'];
    const rows = two.map((row, i) => row.replace(/ A [12] /, ` A 1 ${codes[i]} `));
    const inserted = sites(rows).replace(
      '_atom_site.Cartn_x',
      '_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x',
    );
    const linked = bondBetween('covale', '1_555', '1 A').replace(
      '_struct_conn.ptnr2_auth_seq_id\n',
      '_struct_conn.ptnr2_auth_seq_id\n_struct_conn.pdbx_ptnr2_PDB_ins_code\n',
    );
    expect(bondsIn(inserted + bondsWithin('sing') + linked)).toEqual([
      { from: 0, to: 1, order: 1 },
      { from: 2, to: 3, order: 1 },
      { from: 1, to: 2, order: 1 },
    ]);
  });

  test('counts a bond in several rows once', () => {
    const rows = bondsWithin('doub').replace('LIG C2 H2', 'LIG C2 C1 doub N\nLIG C1 C2 doub N\nLIG C2 H2');
    expect(bondsIn(sites(two.slice(0, 2)) + rows)).toEqual([{ from: 0, to: 1, order: 2 }]);
  });

  test('gives no bonds if they leave atoms unconnected', () => {
    expect(bondsIn(sites(two))).toBe(undefined);
    expect(bondsIn(sites(two) + bondsWithin('sing'))).toBe(undefined);
    for (const ignored of [
      bondBetween('metalc'),
      bondBetween('hydrog'),
      bondBetween('covale', '2_655'),
      bondBetween('covale', '1_555', '9'),
    ]) {
      expect(bondsIn(sites(two) + bondsWithin('sing') + ignored)).toBe(undefined);
    }
  });

  test('drops bonds to missing atoms and to later alternate locations', () => {
    const alternates = ['1 C C1 . LIG A 1 0 0 0', '2 C C2 A LIG A 1 1.5 0 0', '3 C C2 B LIG A 1 1.6 0 0'];
    expect(bondsIn(sites(alternates) + bondsWithin('sing'))).toEqual([{ from: 0, to: 1, order: 1 }]);
  });

  test('rejects an unknown order and a missing column', () => {
    expect(() => bondsIn(sites(two) + bondsWithin('half'))).toThrow(
      /a\.cif, line \d+, column 11: expected the order of a bond, one of sing, doub, trip, quad, arom, delo, pi, poly, found "half"/,
    );
    expect(() => bondsIn(sites(two) + bondsWithin('sing').replace('_chem_comp_bond.comp_id\n', ''))).toThrow(
      'expected a column _chem_comp_bond.comp_id before this row, found none',
    );
  });
});
