import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { atomicNumber, symbolOf } from '../../../program/read/elements.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import { readPoses, readReceptor } from '../../../program/read/structure.ts';
import { type AtomRow, chloromethanol, molfile, water } from './molfiles.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'posetape-structure-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('structures for networks', () => {
  test('are the same from PDB and from PDBQT, without hydrogens', async () => {
    const text = readFileSync(data('pocket.pdbqt'), 'utf8');
    const [{ atoms } = { atoms: [] }] = moleculesOf(text, 'pocket.pdbqt');
    let n = 0;
    const pdb = text.split('\n').map(line => {
      if (!/^(?:ATOM|HETATM)/.test(line)) return line;
      return line.slice(0, 66).padEnd(76) + symbolOf(atoms[n++]?.element ?? 0).padStart(2);
    });
    const receptor = await readReceptor(data('pocket.pdbqt'));
    expect(await readReceptor(file('pocket.pdb', pdb.join('\n')))).toEqual(receptor);
    expect(receptor.elements.length).toBe(921);
    expect(receptor.elements.includes(1)).toBe(false);
  });

  test('are the same from PDBQT and from SDF with two more hydrogens', async () => {
    const text = readFileSync(data('poses.pdbqt'), 'utf8');
    const poses = await readPoses(file('two.pdbqt', text.slice(0, text.indexOf('MODEL 3'))));
    const records = poses.map(({ elements, coordinates }) => {
      const atoms = Array.from(elements, (element, i): AtomRow => {
        const [x = 0, y = 0, z = 0] = coordinates.data.subarray(3 * i, 3 * i + 3);
        return [symbolOf(element), x, y, z];
      });
      return `${molfile([...water.slice(1), ...atoms])}\n$$$$\n`;
    });
    expect(await readPoses(file('two.sdf', records.join('')))).toEqual(poses);
  });

  test('are poses of one compound; a file of two compounds is rejected', async () => {
    const poses = await readPoses(data('poses.pdbqt'));
    expect(poses.map(({ elements }) => elements.length)).toEqual(Array(64).fill(37));
    expect([...(poses[0]?.coordinates.data.subarray(0, 3) ?? [])]).toEqual([16.4, 100.418, 50.528]);
    const sdf = file('other.sdf', `${molfile(chloromethanol)}\n$$$$\n${molfile(water)}\n$$$$\n`);
    await expect(readPoses(sdf)).rejects.toThrow(
      'other.sdf: expected poses of one compound, found O in pose 2 and C O Cl in pose 1',
    );
  });

  test('leave out dummy atoms, such as the water of hydrated docking', async () => {
    const line = 'ATOM      1  C1  LIG A   7      -1.500   2.250 100.125  1.00  0.00    +0.014 ';
    const [pose] = await readPoses(
      file('w.pdbqt', ['C', 'W', 'G0', 'CG0', 'B', 'Se'].map(type => line + type).join('\n')),
    );
    expect([...(pose?.elements ?? [])]).toEqual([6, 6, 5, 34]);
  });

  test('need heavy atoms, and a receptor must be one molecule', async () => {
    await expect(readReceptor(data('poses.pdbqt'))).rejects.toThrow(
      'line 74: expected a file with only one molecule, found a second one',
    );
    const hydrogens = molfile(water.filter(([symbol]) => symbol === 'H'));
    await expect(readPoses(file('h.sdf', hydrogens))).rejects.toThrow(
      'line 1: expected heavy atoms, found only hydrogens',
    );
  });

  test('may have element symbols in any case, and D for hydrogen', () => {
    expect(['H', 'D', 'C', 'cl', 'ZN', 'Es', 'Qq', ''].map(atomicNumber)).toEqual([
      ...[1, 1, 6, 17, 30, 99],
      ...[undefined, undefined],
    ]);
  });
});
