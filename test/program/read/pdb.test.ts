import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { treeOfBonds } from '../../../program/molecule/rotatable.ts';
import { moleculeOf, moleculesOf } from '../../../program/read/molecules.ts';

const read = (text: string): Molecule[] => [...moleculesOf(text, 'a.pdb')];
const calcium = 'HETATM 2000 CA    CA A 501      11.639 103.118-149.790  1.00 70.53          CA  ';
const carbon = 'ATOM    249  CA  LEU B 248      11.579 102.936  49.790  1.00 70.53           C  ';

/** Elements that the reader derives from names in columns 13-16 if columns 77-78 are empty. */
const elements = (record: string, residue: string, ...names: string[]): (number | undefined)[] =>
  names.map(name => {
    const line = `${record.padEnd(6)}    1 ${name} ${residue} A   1      11.579 102.936  49.790  1.00 70.53`;
    return read(line)[0]?.atoms[0]?.element;
  });

describe('the PDB reader', () => {
  test('reads elements, names and coordinates by column', () => {
    const [molecule, ...others] = read(`HEADER\r\n${carbon}\r\n${calcium}\r\nTER\r\nEND\r\n`);
    expect(others).toEqual([]);
    expect(molecule?.atoms).toEqual([
      { serial: 249, name: 'CA', residue: 'LEU B 248', element: 6, x: 11.579, y: 102.936, z: 49.79 },
      { serial: 2000, name: 'CA', residue: 'CA A 501', element: 20, x: 11.639, y: 103.118, z: -149.79 },
    ]);
  });

  test('keeps only the first alternate location of each atom, in each model', () => {
    const at = (alternate: string, name = ' CA ', number = '248') =>
      `ATOM    249 ${name}${alternate}LEU B ${number}      11.579 102.936  49.790  1.00 70.53           C  `;
    const lines = [
      at('A'),
      at('B'),
      at('A', ' CB '),
      at('B', ' CB '),
      at('B', ' CB ', '249'),
      at(' '),
      at(' '),
    ];
    expect(read(lines.join('\n'))[0]?.atoms.length).toBe(5);
    // The second model keeps its atom of alternate location B, since it has none of A.
    const models = ['MODEL 1', at('A'), 'ENDMDL', 'MODEL 2', at('B'), 'ENDMDL'];
    expect(read(models.join('\n')).length).toBe(2);
  });

  test('reads several models, ended by ENDMDL or END, and ignores a repeated MODEL line', () => {
    const model = (n: number) =>
      `MODEL        1\nMODEL ${n}\nREMARKVINA RESULT: 1\n${carbon}\nCONECT 1 2\nENDMDL`;
    expect(read(`${model(1)}\n${model(2)}\nEND\n`).map(({ source }) => source.line)).toEqual([2, 8]);
    expect(read(`${carbon}\nEND\n${calcium}\nEND\n`).map(({ atoms }) => atoms[0]?.element)).toEqual([6, 20]);
    expect(() => moleculeOf(`${model(1)}\n${model(2)}`, 'a.pdb')).toThrow(
      'a.pdb, line 8: expected a file with only one molecule, found a second one',
    );
  });

  test('reads deuterium as hydrogen', () => {
    expect(read(carbon.replace(' C  ', ' D  '))[0]?.atoms[0]?.element).toBe(1);
    expect(elements('ATOM', 'ALA', ' D  ', ' DA ')).toEqual([1, 1]);
  });

  test('derives elements from the column where a name begins if columns 77-78 are empty', () => {
    expect(elements('HETATM', 'LIG', ' CA ', 'CA  ', 'CL1 ', 'BR  ', ' C1 ', 'C123', 'CL12', ' O1 ')).toEqual(
      [6, 20, 17, 35, 6, 6, 17, 8],
    );
    expect(elements('ATOM', 'ARG', ' CA ', 'HG11', '1HB ', 'HE21', ' NE ', ' OXT', 'CD  ')).toEqual([
      6, 1, 1, 1, 7, 8, 6,
    ]);
    expect(elements('HETATM', ' HG', 'HG  ')).toEqual([80]);
    expect(elements('HETATM', ' ZN', 'ZN  ')).toEqual([30]);
  });

  test('ignores the entry code that files from before 1996 have in the columns of elements', () => {
    expect(read(`${carbon.slice(0, 72)}1ABC 249`)[0]?.atoms[0]?.element).toBe(6);
  });

  test('numbers an atom by its position if its serial number has letters or stars', () => {
    const numbers = [' A0000', ' *****', '     7', '100007'].map(number => carbon.replace('   249', number));
    expect(read(numbers.join('\n'))[0]?.atoms.map(({ serial }) => serial)).toEqual([1, 2, 7, 100007]);
  });

  test.each([
    [
      'y with a comma',
      carbon.replace('102.936', '102,936'),
      'y in Å, a decimal number in columns 39-46, found "102,936"',
    ],
    [
      'y of NaN',
      carbon.replace('102.936', '    NaN'),
      'y in Å, a decimal number in columns 39-46, found "NaN"',
    ],
    [
      'an unknown element',
      carbon.replace(' C  ', ' X  '),
      'an element in columns 77-78, or in 13-14, found "X"',
    ],
    [
      'a name that begins with no element',
      carbon.replace(' CA ', ' 12 ').slice(0, 66),
      'an element in columns 77-78, or in 13-14, found "12"',
    ],
    ['the record ATOME', carbon.replace('ATOM ', 'ATOME'), 'ATOM or HETATM before coordinates, found "ATOME'],
    ['the record atom', carbon.replace('ATOM ', 'atom '), 'ATOM or HETATM before coordinates, found "atom'],
    ['the record xxxx', carbon.replace('ATOM ', 'xxxx '), 'ATOM or HETATM before coordinates, found "xxxx'],
    [
      'MODEL without ENDMDL',
      `MODEL 1\n${carbon}`,
      'ENDMDL for the MODEL of line 2, found the end of the file',
    ],
    ['MODEL within MODEL', `MODEL 1\n${carbon}\nMODEL 2`, 'ENDMDL for the MODEL of line 2, found "MODEL 2"'],
  ])('reports the line of %s, and what it expected', (_, line, message) => {
    const read = () => [...moleculesOf(`REMARK\n${line}\n`, 'a.pdb')];
    expect(read).toThrow(/a\.pdb, line \d: expected /);
    expect(read).toThrow(message);
  });

  test('rejects a file without atoms', () => {
    expect(() => read('HEADER\nMODEL 1\nENDMDL\n')).toThrow(
      'a.pdb: expected at least one molecule, found none',
    );
  });
});

/** Lines of a ligand whose atoms form a zigzag chain with bonds of these lengths in Å. */
function chain(names: readonly string[], lengths: readonly number[]): string[] {
  let x = 0;
  return names.map((name, n) => {
    x += n > 0 ? Math.sqrt((lengths[n - 1] as number) ** 2 - 0.25) : 0;
    const columns = [x, 0.5 * (n % 2), 0].map(value => value.toFixed(3).padStart(8)).join('');
    return `HETATM${String(n + 11).padStart(5)}  ${`${name}${n + 1}`.padEnd(3)} LIG A   1    ${columns}  1.00  0.00          ${name.padStart(2)}  `;
  });
}

describe('the PDB reader, given CONECT records,', () => {
  const butane = chain(['C', 'C', 'C', 'C'], [1.53, 1.53, 1.53]);
  const connected = [
    'CONECT   11   12',
    'CONECT   12   11   13',
    'CONECT   13   12   14',
    'CONECT   14   13',
  ];
  const bondsIn = (...lines: string[]) => read(`${lines.join('\n')}\nEND\n`)[0]?.bonds;
  const single = [
    { from: 0, to: 1, order: 1 },
    { from: 1, to: 2, order: 1 },
    { from: 2, to: 3, order: 1 },
  ];

  test('reads bonds by serial number, recorded at one atom or at both', () => {
    expect(bondsIn(...butane, ...connected)).toEqual(single);
    const forth = ['CONECT   11   12', 'CONECT   12   13', 'CONECT   13   14'];
    expect(bondsIn(...butane, ...forth)).toEqual(single);
    const back = ['CONECT   12   11', 'CONECT   13   12', 'CONECT   14   13'];
    expect(bondsIn(...butane, ...back)).toEqual(
      single.map(({ from, to, order }) => ({ from: to, to: from, order })),
    );
    // There are no spaces between serial numbers of five digits, so the reader must read them by column.
    const large = [...butane, ...connected].map(line =>
      line.startsWith('HETATM')
        ? `${line.slice(0, 6)}100${line.slice(9, 11)}${line.slice(11)}`
        : line.replace(/ {3}(?=\d\d)/g, '100'),
    );
    expect(large.at(-2)).toBe('CONECT100131001210014');
    expect(bondsIn(...large)).toEqual(single);
    expect(bondsIn(...butane, 'CONECT 11 12', 'CONECT 12 13', 'CONECT 13 14')).toEqual(single);
  });

  test('gives refine the rotatable bonds: single bonds whose rotation moves an atom', () => {
    const branches = (...lines: string[]) =>
      treeOfBonds(read(lines.join('\n'))[0] as Molecule)?.branches.map(({ from, to }) => [from, to].sort());
    expect(branches(...butane, ...connected)).toEqual([[1, 2]]);
    expect(branches(...butane)).toBe(undefined);
    // A bond counts as double if it is recorded twice or is short.
    const twice = [
      'CONECT   11   12',
      'CONECT   12   11   13   13',
      'CONECT   13   12   12   14',
      'CONECT   14   13',
    ];
    expect(branches(...butane, ...twice)).toEqual([]);
    expect(branches(...chain(['C', 'C', 'C', 'C'], [1.5, 1.34, 1.5]), ...connected)).toEqual([]);
    expect(branches(...chain(['C', 'C', 'N', 'C'], [1.5, 1.28, 1.46]), ...connected)).toEqual([]);
    expect(branches(...chain(['C', 'C', 'N', 'C'], [1.5, 1.46, 1.46]), ...connected)).toEqual([[1, 2]]);
    expect(branches(...chain(['C', 'C', 'O', 'C'], [1.5, 1.36, 1.43]), ...connected)).toEqual([[1, 2]]);
  });

  test('gives no bonds if they leave atoms unconnected or serial numbers are unknown or ambiguous', () => {
    expect(bondsIn(...butane, ...connected.slice(0, 2))).toBe(undefined);
    expect(bondsIn(...butane, 'CONECT 1 2')).toBe(undefined);
    const same = butane.map(line => line.replace(/^(HETATM {3}).{2}/, '$111'));
    expect(bondsIn(...same, ...connected)).toBe(undefined);
    const starred = butane.map(line => line.replace('   14', '*****'));
    expect(bondsIn(...starred, ...connected)).toBe(undefined);
  });

  test('drops bonds to alternate locations that are not kept', () => {
    const [, , , last = ''] = butane;
    const first = `${last.slice(0, 16)}A${last.slice(17)}`;
    const other = `${last.slice(0, 16)}B${last.slice(17)}`.replace('   14', '   15');
    expect(bondsIn(...butane.slice(0, 3), first, other, ...connected, 'CONECT   13   15')).toEqual(single);
  });

  test('applies them to the model that they are in', () => {
    const model = ['MODEL        1', ...butane, ...connected, 'ENDMDL'];
    expect(read([...model, ...model].join('\n')).map(({ bonds }) => bonds)).toEqual([single, single]);
    const after = ['MODEL        1', ...butane, 'ENDMDL', ...connected, 'END'];
    expect(read(after.join('\n')).map(({ bonds }) => bonds)).toEqual([undefined]);
  });

  test('rejects a record whose serial number is not a number', () => {
    expect(() => bondsIn(...butane, 'CONECT   11   1x')).toThrow(
      'a.pdb, line 5: expected serial numbers of atoms after CONECT, found "CONECT   11   1x"',
    );
  });
});
