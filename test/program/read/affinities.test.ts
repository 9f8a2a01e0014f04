import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AffinityOptions, readAffinities } from '../../../program/read/affinities.ts';
import { property } from '../../support/property.ts';

const header = 'ligand,measure,value,unit,note';
/** The second row of a table whose first row is valid. */
const read = (row: string, options?: AffinityOptions) => {
  const [, second] = readAffinities(`${header}\na,ki,10,nM,\n${row}\n`, 'a.csv', options);
  return second;
};

describe('readAffinities', () => {
  test('splits rows at the separator that the header uses most often', () => {
    const text = 'ligand,measure,value,unit,scores (best; in order)\na,ki,10,nM,-9 -8\n';
    expect(readAffinities(text, 'a.csv')).toEqual([{ ligand: 'a', pKi: 8, line: 2 }]);
  });

  test.each([
    ['a,Ki,10', '3'],
    ['a;Ki;10;nM;', '1'],
    ['a,Ki,10,nM,one, two', '6; quote fields that contain commas'],
  ])('rejects the row %s, and says how many fields it expected and found', (row, found) => {
    expect(() => readAffinities(`${header}\n${row}\n`, 'a.csv')).toThrow(
      `a.csv, line 2: expected 5 fields separated by commas, as in line 1, found ${found}`,
    );
  });

  test('converts values to pKi and accepts the byte order mark and blank lines that Excel writes', () => {
    const text = `\uFEFF${header}\r\na,ki,10,nM,"one, two"\r\n\r\nb,Kd,0.5,uM,\r\n`;
    const [a, b, ...others] = readAffinities(text, 'a.csv');
    expect(others).toEqual([]);
    expect(a).toEqual({ ligand: 'a', line: 2, pKi: expect.closeTo(8, 12) });
    expect(b).toEqual({ ligand: 'b', line: 4, pKi: expect.closeTo(6.301029995663981, 12) });
  });

  test.each([
    ['b,Ki,1,M,', 0],
    ['b,KI,1,mM,', 3],
    ['b,Kd,2,\u00b5M,', 5.698970004336019],
    ['b,Kd,2,\u03bcM,', 5.698970004336019],
    ['b,Kd,2,\ufffdM,', 5.698970004336019],
    ['b,Kd,1e-1,nM,', 10],
    ['b,Kd,1,pM,', 12],
    ['b,Kd,5 fM,,', 14.301029995663981],
    ['b,pKi,7.25,,', 7.25],
    ['b,p Kd,7.25,,', 7.25],
    ['b,dG,-10,kcal/mol,', 7.330051],
    ['b,ΔG,-41.84,kJ/mol,', 7.330051],
    ['b,dG,−10 kcal/mol,,', 7.330051],
  ])('reads the row %s as pKi %f, not as a bound', (row, pKi) => {
    expect(read(row)?.pKi).toBeCloseTo(pKi, 5);
    expect(read(row)).not.toHaveProperty('bound');
  });

  test.each([
    ['b,Ki,>10,uM,', 'upper'],
    ['b,Ki,"> 10",uM,', 'upper'],
    ['b,Ki,<10,uM,', 'lower'],
    ['b,Ki,≤10,uM,', 'lower'],
    ['b,pKi,<5,,', 'upper'],
    ['b,pKi,>5,,', 'lower'],
    ['b,dG,<-9,kcal/mol,', 'lower'],
    ['b,Ki,=10,uM,', undefined],
    ['b,Ki,~10,uM,', undefined],
  ])('reads the relation in the row %s as this bound on pKi: %s', (row, bound) => {
    expect(read(row)?.bound).toBe(bound);
  });

  test('reads the relation from a column of its own', () => {
    const [a] = readAffinities('ligand,relation,measure,value,unit\na,>,ki,10,uM\n', 'a.csv');
    expect(a).toMatchObject({ bound: 'upper', pKi: expect.closeTo(5, 12) });
  });

  test('converts an IC50 by substrate and Km, or takes it for Ki with the option ic50AsKi', () => {
    const table = (cells: string) => `ligand,measure,value,unit,substrate,km\na,IC50,40,nM,${cells}\n`;
    const [a] = readAffinities(table('30,10'), 'a.csv');
    expect(a).toEqual({ ligand: 'a', line: 2, pKi: expect.closeTo(8, 12) });
    const [mixed] = readAffinities(table('30 uM,0.01 mM'), 'a.csv');
    expect(mixed?.pKi).toBeCloseTo(8, 12);
    const [log] = readAffinities('ligand,measure,value,substrate,km\na,pIC50,7,9,1\n', 'a.csv');
    expect(log?.pKi).toBeCloseTo(8, 12);
    expect(() => readAffinities(table('30,'), 'a.csv')).toThrow(
      'line 2: expected a concentration greater than 0 in the column km',
    );
    expect(() => readAffinities(table(','), 'a.csv')).toThrow(
      'a.csv, line 2: expected Ki or Kd (for IC50, add the columns substrate and km, or give --ic50-as-ki) in the column measure, found "IC50"',
    );
    const [asKi] = readAffinities(table(','), 'a.csv', { ic50AsKi: true });
    expect(asKi).toMatchObject({
      pKi: expect.closeTo(7.39794, 5),
      note: 'a.csv, line 2: IC50 is taken for Ki',
    });
  });

  test('reads tables with semicolons and decimal commas, and tables with tabs', () => {
    const text = 'Ligand;Measure;Value;Unit\na;ki;0,5;nM\nb;ki;2,5e-1;nM\nc;ki;1.5;nM\n';
    const pKis = readAffinities(text, 'a.csv').map(({ pKi }) => pKi);
    expect(pKis).toEqual(
      [9.301029995663981, 9.602059991327963, 8.823908740944319].map(p => expect.closeTo(p, 12)),
    );
    expect(readAffinities(text.replaceAll(';', '\t'), 'a.tsv').map(({ pKi }) => pKi)).toEqual(pKis);
    expect(() => readAffinities('ligand;measure;value;unit\na;ki;1,500;nM\n', 'a.csv')).toThrow(
      'a.csv, line 2: expected a number in the column value, found "1,500"',
    );
  });

  test('rejects replicates, or averages them with the option replicates: average', () => {
    const table = (...rows: string[]) => ['ligand,measure,value,unit', ...rows].join('\n');
    const twice = table('a,ki,1,nM', 'b,ki,1,uM', 'a,ki,100,nM', 'a,ki,>1,uM');
    expect(() => readAffinities(twice, 'a.csv')).toThrow(
      'a.csv, line 4: expected each compound once, found a again',
    );
    const [a, b] = readAffinities(twice, 'a.csv', { replicates: 'average' });
    expect(a).toEqual({
      ...{ ligand: 'a', line: 2, pKi: expect.closeTo(8, 12) },
      note: 'a.csv, line 2: 3 rows of a are combined into one',
    });
    expect(b).not.toHaveProperty('note');
    const average = (...rows: string[]) =>
      readAffinities(table(...rows), 'a.csv', { replicates: 'average' })[0];
    expect(average('a,ki,>1,uM', 'a,ki,>10,uM')).toMatchObject({
      pKi: expect.closeTo(5, 12),
      bound: 'upper',
    });
    expect(average('a,ki,<1,uM', 'a,ki,<10,uM')).toMatchObject({
      pKi: expect.closeTo(6, 12),
      bound: 'lower',
    });
    expect(() => average('a,ki,<1,uM', 'a,ki,>10,uM')).toThrow(
      'line 3: expected a bound of a as in line 2, found the opposite',
    );
  });

  property('reads the same pKi from any unit', fc.double({ min: -2, max: 15, noNaN: true }), pKi => {
    const molar = 10 ** -pKi;
    const rows = [
      `a,Ki,${molar},M`,
      `b,Kd,${molar * 1e6},uM`,
      `c,pKi,${pKi.toFixed(12)},`,
      `d,dG,${-pKi * 1.364247013},kcal/mol`,
    ];
    for (const { pKi: read } of readAffinities(['ligand,measure,value,unit', ...rows].join('\n'), 'a.csv')) {
      expect(Math.abs(read - pKi)).toBeLessThan(1e-7);
    }
  });

  test('notes an implausible logarithm', () => {
    expect(read('b,pKi,100,,')).toMatchObject({
      pKi: 100,
      note: 'a.csv, line 3: pKi 100: expected an affinity of pKi -3 to 20; a logarithm has no unit',
    });
  });

  test.each([
    [
      'b,ec50,10,nM,',
      'expected one of Ki, Kd, IC50, pKi, pKd, pIC50, dG, ΔG in the column measure, found "ec50"',
    ],
    ['b,ki,-1,nM,', 'expected a concentration greater than 0 in the column value, found "-1"'],
    ['b,ki,0,nM,', 'expected a concentration greater than 0 in the column value, found "0"'],
    ['b,ki,1e-320,nM,', 'expected a concentration greater than 0 in the column value, found "1e-320"'],
    ['b,ki,1e-30,M,', 'expected an affinity of pKi -3 to 20 in the column value, found "1e-30"'],
    ['b,ki,1e999,nM,', 'expected a number in the column value, found "1e999"'],
    ['b,ki,NaN,nM,', 'expected a number in the column value, found "NaN"'],
    ['b,ki,1\x002,nM,', 'expected a number in the column value, found "1\\x002"'],
    [
      'b,ki,1,nm,',
      'expected one of the units M, mM, uM, µM, μM, nM, pM, fM in the column value or unit, found "nm"',
    ],
    ['b,ki,1,,', 'in the column value or unit, found nothing'],
    ['b,dG,-9,nM,', 'expected one of the units kcal/mol, kJ/mol in the column value or unit, found "nM"'],
    [',ki,1,nM,', 'expected a value in the column ligand, found nothing'],
  ])('reports line 3 for the bad row %s', (row, message) => {
    expect(() => read(row)).toThrow(
      `a.csv, line 3: ${message.startsWith('expected') ? message : 'expected'}`,
    );
    expect(() => read(row)).toThrow(message);
  });

  test('rejects a row with missing columns, an empty table and a header without ligand', () => {
    expect(() => read('b,ki,1')).toThrow(/a\.csv, line 3: /);
    expect(() => readAffinities(`${header}\n`, 'a.csv')).toThrow(
      'a.csv: expected at least one compound, found none',
    );
    expect(() => readAffinities('', 'a.csv')).toThrow('a.csv: expected at least one compound, found none');
    expect(() => readAffinities('name,ki\na,1\n', 'a.csv')).toThrow(
      'a.csv, line 1: expected a column "ligand", found "name", "ki"',
    );
  });
});
