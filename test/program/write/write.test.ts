import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import { pdbqtOf, vinaResult } from '../../../program/write/pdbqt.ts';
import { sdfOf } from '../../../program/write/sdf.ts';
import { property } from '../../support/property.ts';
import { molfile, molfile3000, water, waterBonds } from '../read/molfiles.ts';

const coordinatesOf = ({ atoms }: Molecule) => atoms.flatMap(({ x, y, z }) => [x, y, z]);
const read = (text: string, file: string) => [...moleculesOf(text, file, { keepLines: true })];
/** Coordinates of the first pose, multiplied by a factor. */
const moved = (factor: number) =>
  coordinatesOf(pose as Molecule).map(x => Math.round(x * factor * 1e3) / 1e3);

const posesText = readFileSync(
  new URL('../../../examples/vina/data/imatinib-abl/poses.pdbqt', import.meta.url),
  'utf8',
);
const [pose, second] = read(posesText, 'poses.pdbqt');

describe('writing PDBQT', () => {
  test('gives the text that was read if nothing moved', () => {
    const first = posesText.slice(0, posesText.indexOf('MODEL 2'));
    expect(pdbqtOf(pose as Molecule, coordinatesOf(pose as Molecule))).toBe(first);
  });

  property('changes only coordinates', fc.double({ min: -2, max: 2, noNaN: true }), factor => {
    const text = pdbqtOf(pose as Molecule, moved(factor));
    const [again] = read(text, 'a.pdbqt');
    expect(coordinatesOf(again as Molecule).map(x => x + 0)).toEqual(moved(factor).map(x => x + 0));
    expect(pdbqtOf(again as Molecule, coordinatesOf(pose as Molecule))).toBe(
      pdbqtOf(pose as Molecule, coordinatesOf(pose as Molecule)),
    );
    expect(again?.tree).toEqual(pose?.tree);
  });

  test('puts new remarks first, and removes old ones of the same name', () => {
    const atom = 'ATOM      1  C1  LIG A   7      -1.500   2.250 100.125  1.00  0.00    +0.014 C ';
    const [molecule] = read(
      ['REMARK VINA RESULT:  -1', 'REMARK 7 torsions:', atom, 'END'].join('\n'),
      'a.pdbqt',
    );
    const text = pdbqtOf(molecule as Molecule, [1, -0.0001, 3], {
      model: 4,
      remarks: [vinaResult(-9.1, 1, 2.5)],
    });
    expect(text.split('\n')).toEqual([
      'MODEL 4',
      'REMARK VINA RESULT:    -9.100      1.000      2.500',
      'REMARK 7 torsions:',
      'ATOM      1  C1  LIG A   7       1.000   0.000   3.000  1.00  0.00    +0.014 C ',
      'ENDMDL',
      '',
    ]);
    const both = [pose, second].map((molecule, i) =>
      pdbqtOf(molecule as Molecule, coordinatesOf(molecule as Molecule), { model: i + 1 }),
    );
    expect(read(both.join(''), 'a.pdbqt').map(({ atoms }) => atoms)).toEqual([pose?.atoms, second?.atoms]);
  });

  test('drops the prefix of lines read from a DLG', () => {
    const text = posesText.slice(0, posesText.indexOf('MODEL 2'));
    const [docked] = read(text.replaceAll(/^/gm, 'DOCKED: '), 'a.dlg');
    expect(pdbqtOf(docked as Molecule, coordinatesOf(docked as Molecule))).toBe(text);
  });

  test('rejects molecules read without keepLines, too few coordinates, and coordinates that do not fit their columns', () => {
    const [bare] = moleculesOf(posesText, 'poses.pdbqt');
    expect(() => pdbqtOf(bare as Molecule, coordinatesOf(bare as Molecule))).toThrow(
      'poses.pdbqt, line 1: expected the lines of 39 PDBQT atoms (read with keepLines) and 3 coordinates for each',
    );
    expect(() => pdbqtOf(pose as Molecule, [1, 2, 3])).toThrow('expected the lines of 39');
    const far = (x: number) => () => pdbqtOf(pose as Molecule, coordinatesOf(pose as Molecule).fill(x));
    expect(far(Number.NaN)).toThrow('expected a number that fits 8 columns, got NaN');
    expect(far(-1e4)).toThrow('got -10000');
  });
});

describe.each([
  ['V2000', molfile],
  ['V3000', molfile3000],
])('writing SDF %s', (_, recordOf) => {
  const text = `${recordOf(water, waterBonds)}\n>  <SCORE>\n-1\n\n>  <NOTE>\nstays\n\n$$$$\n`;
  const [molecule] = read(text, 'a.sdf') as [Molecule];

  property(
    'changes only coordinates',
    fc.array(fc.integer({ min: -99_999_999, max: 99_999_999 }), { minLength: 9, maxLength: 9 }),
    drawn => {
      const coordinates = drawn.map(n => n / 1e4);
      const [again] = read(sdfOf(molecule, coordinates), 'a.sdf') as [Molecule];
      expect(coordinatesOf(again).map(x => x + 0)).toEqual(coordinates.map(x => x + 0));
      expect(again.bonds).toEqual(molecule.bonds);
      expect(sdfOf(again, coordinatesOf(molecule))).toBe(sdfOf(molecule, coordinatesOf(molecule)));
    },
  );

  test('appends new data fields, and removes old ones of the same name', () => {
    const written = sdfOf(molecule, coordinatesOf(molecule), { SCORE: '-9.1', other: 'x' });
    expect(written.slice(written.indexOf('M  END'))).toBe(
      'M  END\n>  <NOTE>\nstays\n\n>  <SCORE>\n-9.1\n\n>  <other>\nx\n\n$$$$\n',
    );
  });

  test('keeps the charges of atoms', () => {
    const source = recordOf(water).replace('O   0  0', 'O   0  3').replace('-3.3456 0', '-3.3456 0 CHG=-1');
    const [charged] = read(source, 'a.sdf') as [Molecule];
    expect(sdfOf(charged, coordinatesOf(charged))).toMatch(/O {3}0 {2}3|0 CHG=-1/);
  });

  test('rejects molecules read without keepLines', () => {
    const [bare] = moleculesOf(text, 'a.sdf') as Iterable<Molecule>;
    expect(() => sdfOf(bare as Molecule, coordinatesOf(molecule))).toThrow(
      'a.sdf, line 1: expected the lines of 3 SDF atoms (read with keepLines) and 3 coordinates for each',
    );
  });
});

test('writing SDF V3000 splits long entries into lines of at most 80 characters', () => {
  const attributes = `CHG=-1 ${'A=-1 '.repeat(40)}END=1`;
  const source = molfile3000(water).replace(
    '-3.3456 0',
    `-3.3456 0 -\nM  V30 ${attributes.slice(0, 60)}-\nM  V30 ${attributes.slice(60)}`,
  );
  const [molecule] = read(source, 'a.sdf') as [Molecule];
  const written = sdfOf(molecule, coordinatesOf(molecule));
  expect(Math.max(...written.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
  const [again] = read(written, 'a.sdf') as [Molecule];
  expect(sdfOf(again, coordinatesOf(again))).toBe(written);
  expect(written.replaceAll('-\nM  V30 ', '')).toContain(attributes);
});
