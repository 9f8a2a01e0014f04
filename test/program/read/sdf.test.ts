import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { symbolOf } from '../../../program/read/elements.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import { property } from '../../support/property.ts';
import { type AtomRow, chloromethanol, molfile, molfile3000, water, waterBonds } from './molfiles.ts';

const read = (text: string): Molecule[] => [...moleculesOf(text, 'a.sdf')];
const atomRows = (text: string): AtomRow[][] =>
  read(text).map(({ atoms }) => atoms.map(({ element, x, y, z }) => [symbolOf(element), x, y, z]));

const coordinate = fc.integer({ min: -9_999_999, max: 9_999_999 }).map(n => n / 1e4);
const atoms = fc.array(
  fc.tuple(
    fc.constantFrom('C', 'H', 'N', 'Cl', 'Se', 'B', 'Zn'),
    coordinate,
    coordinate,
    coordinate.map(z => z || 1),
  ),
  { minLength: 1, maxLength: 120 },
);

describe.each([
  ['V2000', molfile],
  ['V3000', molfile3000],
])('the SDF reader, given %s,', (_, write) => {
  test('keeps coordinates, signs and the order of atoms, hydrogens included', () => {
    expect(atomRows(write(chloromethanol))).toEqual([chloromethanol]);
    expect(atomRows(write(water))).toEqual([water]);
  });

  property('reads back the atoms that were written', atoms, drawn => {
    expect(atomRows(write(drawn))).toEqual([drawn]);
  });

  test('reads bonds, aromatic ones with order 1.5', () => {
    const [molecule] = read(write(water, [...waterBonds, [2, 3, 4]]));
    expect(molecule?.bonds).toEqual([
      { from: 0, to: 1, order: 1 },
      { from: 0, to: 2, order: 1 },
      { from: 1, to: 2, order: 1.5 },
    ]);
  });

  test('accepts several records, data fields, Windows line ends and a last record without $$$$', () => {
    const text = `${write(water)}\n> <SCORE>\n-9.1\n\n$$$$\n${write(chloromethanol)}`;
    const expected = [water, chloromethanol];
    expect(atomRows(text)).toEqual(expected);
    expect(atomRows(`${text}\n$$$$\n\n`)).toEqual(expected);
    expect(atomRows(text.replaceAll('\n', '\r\n'))).toEqual(expected);
    expect(read(text).map(({ name, source: { line } }) => [name, line])).toEqual([
      ['name', 1],
      ['name', write(water).split('\n').length + 5],
    ]);
  });

  test('reads deuterium as hydrogen', () => {
    expect(atomRows(write([['D', 1, 2, 3]]))).toEqual([[['H', 1, 2, 3]]]);
  });

  const good = write(water, waterBonds);
  test.each([
    [
      'a coordinate with a letter',
      '1.1234',
      '1.12x4',
      /column \d+: expected x in Å, a number .*, found "1.12x4"/,
    ],
    ['a coordinate of NaN', '1.1234', 'NaN', /expected x in Å.*, found "/],
    ['a control byte in a number', '1.1234', '1.\x0134', /found "1\.\\x0134"/],
    ['an unknown element', / O /, ' Qq ', /expected an element, found "Qq"/],
    ['a query atom', / O /, ' R# ', /expected an element, found "R#"/],
    [
      'two M  END lines in one record',
      'M  END',
      'M  END\nM  END',
      /expected \$\$\$\$ after the M {2}END of line \d+, found "M {2}END"/,
    ],
    ['a missing M  END', 'M  END', '', /expected M {2}END, found/],
    ['a missing version', /V[23]000/, '', /line 4: expected V2000 or V3000 in line 4 of its record/],
  ])('rejects %s, and names the line', (_what, from, to, message) => {
    const text = `${write(water)}\n$$$$\n${good.replace(from, to)}\n$$$$\n`;
    expect(() => read(text)).toThrow(/a\.sdf, line \d+/);
    expect(() => read(good.replace(from, to))).toThrow(message);
  });

  test('rejects a record whose z coordinates are all 0, and one without atoms', () => {
    const flat = write(chloromethanol.map(([symbol, x, y]) => [symbol, x, y, 0]));
    expect(() => read(`${good}\n$$$$\n${flat}`)).toThrow(
      `line ${good.split('\n').length + 2}: expected a pose in three dimensions, found one with z = 0 for all atoms`,
    );
    expect(() => read(write([]))).toThrow('a.sdf, line 4: expected at least one atom');
  });

  test('rejects an empty file', () => {
    expect(() => read('\n')).toThrow('a.sdf: expected at least one molecule, found none');
  });
});

describe('the SDF reader, given V2000,', () => {
  const good = molfile(water, waterBonds);

  test('reads fields separated by single spaces, out of their columns', () => {
    const loose = good.replace('  3  2  0', '3 2 0').replaceAll(/ {2,}/g, ' ').replace('M END', 'M  END');
    expect(read(loose)).toEqual(read(good));
  });

  test('skips properties and the free text of an alias', () => {
    const text = good.replace('M  END', 'A    1\nanything\nM  CHG  1   1  -1\nM  END');
    expect(read(text)).toEqual(read(good));
  });

  test('reads bonds by column where atom numbers of three digits touch', () => {
    const many = Array.from({ length: 120 }, (_, i): AtomRow => ['C', i, 1, 2]);
    expect(read(molfile(many, [[100, 120, 2]]))[0]?.bonds).toEqual([{ from: 99, to: 119, order: 2 }]);
  });

  test.each([
    [
      'a bond to atom 99',
      good.replace('  1  3  1', '  1 99  1'),
      'line 9, column 4: expected the number of one of 3 atoms, found "99"',
    ],
    [
      'a bond to itself',
      good.replace('  1  3  1', '  3  3  1'),
      'expected another atom than the first of the bond, found "3"',
    ],
    [
      'an unknown kind of bond',
      good.replace('  1  3  1', '  1  3  6'),
      'column 7: expected the kind of a bond, one of 1, 2, 3, 4, 8, 9, found "6"',
    ],
    [
      'a count of atoms that is too small',
      good.replace('  3  2  0', '  2  2  0'),
      'line 7, column 4: expected an atom of the bond, a whole number, found "-7.2500"',
    ],
    [
      'a count of atoms that is too large',
      good.replace('  3  2  0', '  4  2  0'),
      'line 8, column 12: expected an element, found "0"',
    ],
    [
      'a count of bonds that is too small',
      good.replace('  3  2  0', '  3  1  0'),
      'line 9: expected a property or M  END after 3 atoms and 1 bonds',
    ],
    [
      'a count of bonds that is too large',
      good.replace('  3  2  0', '  3  3  0'),
      'line 10, column 1: expected an atom of the bond, a whole number, found "M"',
    ],
    [
      'a coordinate that overflows',
      good.replace('    1.1234', '     1e999'),
      'column 1: expected x in Å, a number of at most 1000000, found "1e999"',
    ],
    ['a file of one word', 'hello', 'line 1: expected V2000 or V3000 in line 4 of its record'],
  ])('rejects %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

describe('the SDF reader, given V3000,', () => {
  const good = molfile3000(water, waterBonds);

  test('accepts any spacing, and continued lines', () => {
    const loose = good.replaceAll('M  V30 ', 'M  V30    ').replace('COUNTS 3 2', 'COUNTS   3\t2');
    expect(read(loose)).toEqual(read(good));
    const continued = good
      .replace('1 O 1.1234', '1 O -\nM  V30 1.1234')
      .replace('-3.3456', '-3.3-\nM  V30 456');
    expect(read(continued)).toEqual(read(good));
  });

  test('accepts atoms numbered in any way, and skips other blocks and attributes', () => {
    const text = good
      .replace('M  V30 2 H', 'M  V30 20 H')
      .replace('1 1 1 2', '1 1 1 20 CFG=1')
      .replace(
        'M  V30 END CTAB',
        'M  V30 BEGIN SGROUP\nM  V30 1 anything\nM  V30 END SGROUP\nM  V30 END CTAB',
      );
    const [molecule] = read(text);
    expect(molecule?.bonds).toEqual(read(good)[0]?.bonds);
    expect(molecule?.atoms.map(({ serial }) => serial)).toEqual([1, 20, 3]);
  });

  test.each([
    [
      'a damaged M  V30 prefix',
      good.replace('M  V30 2 H', 'M  V3O 2 H'),
      'line 9: expected M  V30, or M  END, found "M  V3O 2 H',
    ],
    ['an early M  END', good.replace('M  V30 2 H', 'M  END'), 'line 8: expected END ATOM, found M  END'],
    [
      'a huge count of atoms',
      good.replace('COUNTS 3', 'COUNTS 99999999'),
      'expected 99999999 atoms, as COUNTS says, found 3',
    ],
    [
      'a wrong count of bonds',
      good.replace('COUNTS 3 2', 'COUNTS 3 4'),
      'expected 4 bonds, as COUNTS says, found 2',
    ],
    [
      'missing COUNTS',
      good.replace('M  V30 COUNTS 3 2 0 0 0\n', ''),
      'expected COUNTS in the table, found none',
    ],
    [
      'a bond to atom 99',
      good.replace('2 1 1 3', '2 1 1 99'),
      'line 14, column 14: expected the number of one of 3 atoms, found "99"',
    ],
    [
      'the same atom number twice',
      good.replace('M  V30 2 H', 'M  V30 1 H'),
      'line 9: expected each atom once, found 1 again',
    ],
    [
      'a coordinate that overflows',
      good.replace('1.1234', '1e999'),
      'column 12: expected x in Å, a number of at most 1000000, found "1e999"',
    ],
    [
      'a missing coordinate',
      good.replace(' -3.3456 0', ''),
      'expected z in Å, a number of at most 1000000, found nothing',
    ],
    [
      'the wrong END of a block',
      good.replace('END ATOM', 'END BOND'),
      'line 11: expected END ATOM, found "M  V30 END BOND"',
    ],
    [
      'a block without BEGIN',
      good.replace('BEGIN ATOM', 'ATOM'),
      'line 7: expected COUNTS, BEGIN or END, found "M  V30 ATOM"',
    ],
  ])('rejects %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
