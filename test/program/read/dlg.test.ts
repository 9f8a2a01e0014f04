import { expect, test } from 'vitest';
import { moleculesOf } from '../../../program/read/molecules.ts';

const pose = [
  ...['MODEL        1', 'USER    Run = 1', 'ROOT'],
  'ATOM      1  C1  LIG A   7      -1.500   2.250 100.125  1.00  0.00    +0.014 C ',
  'ENDROOT',
  'BRANCH   1   2',
  'ATOM      2  CL1 LIG A   7       1.500   2.250   0.125 +0.00 +0.00    -0.085 Cl',
  ...['ENDBRANCH   1   2', 'TORSDOF 1', 'TER', 'ENDMDL'],
];
const docked = pose.map(line => `DOCKED: ${line}`);

test('the DLG reader takes poses only from lines that begin with DOCKED', () => {
  const log = [
    'AutoDock 4.2',
    'MODEL 9',
    'INPUT-LIGAND-PDBQT: ROOT',
    ...docked,
    '',
    ...docked,
    'ATOM',
    'ENDMDL',
  ];
  const [first, second, ...others] = moleculesOf(log.join('\n'), 'a.dlg');
  expect(others).toEqual([]);
  const [undocked] = moleculesOf(pose.join('\n'), 'a.pdbqt');
  expect(first).toEqual({ ...undocked, source: { file: 'a.dlg', line: 4 } });
  expect(second).toEqual({ ...undocked, number: 2, source: { file: 'a.dlg', line: 16 } });
});

test('the DLG reader counts the columns in its errors from the end of the prefix DOCKED', () => {
  const log = docked.join('\n').replace('-1.500', ' 1.5o0');
  expect(() => [...moleculesOf(log, 'a.dlg')]).toThrow(
    'a.dlg, line 4: expected x in Å, a decimal number in columns 31-38, found "1.5o0"',
  );
  expect(() => [...moleculesOf('AutoDock\n', 'a.dlg')]).toThrow('a.dlg: expected at least one molecule');
});
