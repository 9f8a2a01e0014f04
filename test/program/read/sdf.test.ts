import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { symbolOf } from '../../../program/read/elements.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import { property } from '../../support/property.ts';
import { fluoroethanol, molfile, molfile3000, type Placed, water, waterBonds } from './molfiles.ts';

const read = (text: string): Molecule[] => [...moleculesOf(text, 'a.sdf')];
const placed = (text: string): Placed[][] =>
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
])('SDF in %s', (_, write) => {
  test('keeps numbers, signs and the order of its atoms, hydrogens among them', () => {
    expect(placed(write(fluoroethanol))).toEqual([fluoroethanol]);
    expect(placed(write(water))).toEqual([water]);
  });

  property('gives back what was written', atoms, drawn => {
    expect(placed(write(drawn))).toEqual([drawn]);
  });

  test('keeps bonds, with 1.5 for aromatic ones', () => {
    const [molecule] = read(write(water, [...waterBonds, [2, 3, 4]]));
    expect(molecule?.bonds).toEqual([
      { from: 0, to: 1, order: 1 },
      { from: 0, to: 2, order: 1 },
      { from: 1, to: 2, order: 1.5 },
    ]);
  });

  test('may have several records with data, Windows line ends, and no end to the last', () => {
    const text = `${write(water)}\n> <SCORE>\n-9.1\n\n$$$$\n${write(fluoroethanol)}`;
    const expected = [water, fluoroethanol];
    expect(placed(text)).toEqual(expected);
    expect(placed(`${text}\n$$$$\n\n`)).toEqual(expected);
    expect(placed(text.replaceAll('\n', '\r\n'))).toEqual(expected);
    expect(read(text).map(({ name, source: { line } }) => [name, line])).toEqual([
      ['name', 1],
      ['name', write(water).split('\n').length + 5],
    ]);
  });

  test('takes deuterium for hydrogen', () => {
    expect(placed(write([['D', 1, 2, 3]]))).toEqual([[['H', 1, 2, 3]]]);
  });

  const good = write(water, waterBonds);
  test.each([
    [
      'a coordinate with a letter',
      '1.1234',
      '1.12x4',
      /column \d+: expected x in Å, a number .*, found "1.12x4"/,
    ],
    ['a coordinate that is no number', '1.1234', 'NaN', /expected x in Å.*, found "/],
    ['a control byte in a number', '1.1234', '1.\x0134', /found "1\.\\x0134"/],
    ['an element that is none', / O /, ' Qq ', /expected an element, found "Qq"/],
    ['a query atom', / O /, ' R# ', /expected an element, found "R#"/],
    [
      'two records in one',
      'M  END',
      'M  END\nM  END',
      /expected \$\$\$\$ after the M {2}END of line \d+, found "M {2}END"/,
    ],
    ['no end', 'M  END', '', /expected M {2}END, found/],
    ['no version', /V[23]000/, '', /line 4: expected V2000 or V3000 in line 4 of its record/],
  ])('names %s', (_what, from, to, message) => {
    const text = `${write(water)}\n$$$$\n${good.replace(from, to)}\n$$$$\n`;
    expect(() => read(text)).toThrow(/a\.sdf, line \d+/);
    expect(() => read(good.replace(from, to))).toThrow(message);
  });

  test('names a record that is flat or has no atom', () => {
    const flat = write(fluoroethanol.map(([symbol, x, y]) => [symbol, x, y, 0]));
    expect(() => read(`${good}\n$$$$\n${flat}`)).toThrow(
      `line ${good.split('\n').length + 2}: expected a pose in three dimensions, found one with z = 0 for all atoms`,
    );
    expect(() => read(write([]))).toThrow('a.sdf, line 4: expected at least one atom');
  });

  test('names an empty file', () => {
    expect(() => read('\n')).toThrow('a.sdf: expected at least one molecule, found none');
  });
});

describe('SDF in V2000', () => {
  const good = molfile(water, waterBonds);

  test('may be spaced by words', () => {
    const loose = good.replace('  3  2  0', '3 2 0').replaceAll(/ {2,}/g, ' ').replace('M END', 'M  END');
    expect(read(loose)).toEqual(read(good));
  });

  test('may have properties, and an alias whose text looks like anything', () => {
    const text = good.replace('M  END', 'A    1\nanything\nM  CHG  1   1  -1\nM  END');
    expect(read(text)).toEqual(read(good));
  });

  test('may have more than 99 atoms, so that the numbers of bonds touch', () => {
    const many = Array.from({ length: 120 }, (_, i): Placed => ['C', i, 1, 2]);
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
      'a kind of bond',
      good.replace('  1  3  1', '  1  3  6'),
      'column 7: expected the kind of a bond, one of 1, 2, 3, 4, 8, 9, found "6"',
    ],
    [
      'too few atoms',
      good.replace('  3  2  0', '  2  2  0'),
      'line 7, column 4: expected an atom of the bond, a whole number, found "-7.2500"',
    ],
    [
      'too many atoms',
      good.replace('  3  2  0', '  4  2  0'),
      'line 8, column 12: expected an element, found "0"',
    ],
    [
      'too few bonds',
      good.replace('  3  2  0', '  3  1  0'),
      'line 9: expected a property or M  END after 3 atoms and 1 bonds',
    ],
    [
      'too many bonds',
      good.replace('  3  2  0', '  3  3  0'),
      'line 10, column 1: expected an atom of the bond, a whole number, found "M"',
    ],
    [
      'an exponent',
      good.replace('    1.1234', '     1e999'),
      'column 1: expected x in Å, a number of at most 1000000, found "1e999"',
    ],
    ['hardly anything', 'hello', 'line 1: expected V2000 or V3000 in line 4 of its record'],
  ])('names %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

describe('SDF in V3000', () => {
  const good = molfile3000(water, waterBonds);

  test('may be spaced in any way, and continue lines', () => {
    const loose = good.replaceAll('M  V30 ', 'M  V30    ').replace('COUNTS 3 2', 'COUNTS   3\t2');
    expect(read(loose)).toEqual(read(good));
    const continued = good
      .replace('1 O 1.1234', '1 O -\nM  V30 1.1234')
      .replace('-3.3456', '-3.3-\nM  V30 456');
    expect(read(continued)).toEqual(read(good));
  });

  test('may number atoms in any way, and have other blocks and attributes', () => {
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
      'a damaged line',
      good.replace('M  V30 2 H', 'M  V3O 2 H'),
      'line 9: expected M  V30, or M  END, found "M  V3O 2 H',
    ],
    ['an early end', good.replace('M  V30 2 H', 'M  END'), 'line 8: expected END ATOM, found M  END'],
    [
      'COUNTS that are huge',
      good.replace('COUNTS 3', 'COUNTS 99999999'),
      'expected 99999999 atoms, as COUNTS says, found 3',
    ],
    [
      'COUNTS of bonds',
      good.replace('COUNTS 3 2', 'COUNTS 3 4'),
      'expected 4 bonds, as COUNTS says, found 2',
    ],
    ['no COUNTS', good.replace('M  V30 COUNTS 3 2 0 0 0\n', ''), 'expected COUNTS in the table, found none'],
    [
      'a bond to atom 99',
      good.replace('2 1 1 3', '2 1 1 99'),
      'line 14, column 14: expected the number of one of 3 atoms, found "99"',
    ],
    [
      'an atom twice',
      good.replace('M  V30 2 H', 'M  V30 1 H'),
      'line 9: expected each atom once, found 1 again',
    ],
    [
      'a number beyond all',
      good.replace('1.1234', '1e999'),
      'column 12: expected x in Å, a number of at most 1000000, found "1e999"',
    ],
    [
      'a missing number',
      good.replace(' -3.3456 0', ''),
      'expected z in Å, a number of at most 1000000, found nothing',
    ],
    [
      'another end',
      good.replace('END ATOM', 'END BOND'),
      'line 11: expected END ATOM, found "M  V30 END BOND"',
    ],
    [
      'no block',
      good.replace('BEGIN ATOM', 'ATOM'),
      'line 7: expected COUNTS, BEGIN or END, found "M  V30 ATOM"',
    ],
  ])('names %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
