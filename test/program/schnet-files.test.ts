import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { readAffinities } from '../../program/read/affinities.ts';
import { atomicNumber, atomicNumberOfType, symbolOf } from '../../program/read/elements.ts';
import { readPdb } from '../../program/read/pdb.ts';
import { readSdf } from '../../program/read/sdf.ts';
import { readPoses, readReceptor } from '../../program/read/structure.ts';
import { untrained } from '../../program/schnet/model.ts';
import { modelFromJson, modelToJson } from '../../program/schnet/weights.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'posetape-schnet-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Placed = readonly [symbol: string, x: number, y: number, z: number];

const water: readonly Placed[] = [
  ['O', 1.1234, 2.2345, -3.3456],
  ['H', 0.5, -2.0001, 3],
  ['H', -7.25, 0, 0.125],
];
const fluoroethanol: readonly Placed[] = [
  ['C', 0.1, 0.2, 0.3],
  ['H', 9, 9, 9],
  ['Cl', -1.5, 22.25, -103.4567],
  ['O', 4, -5, 6],
];

function molfile(atoms: readonly Placed[]): string {
  const lines = atoms.map(([symbol, ...at]) => {
    const columns = at.map(x => x.toFixed(4).padStart(10)).join('');
    return `${columns} ${symbol.padEnd(3)} 0  0  0  0  0  0  0  0  0  0  0  0`;
  });
  const count = String(atoms.length).padStart(3);
  return ['name', '  test', '', `${count}  0  0  0  0  0  0  0  0  0999 V2000`, ...lines, 'M  END'].join(
    '\n',
  );
}

function molfile3000(atoms: readonly Placed[]): string {
  const lines = atoms.map(([symbol, ...at], i) => `M  V30 ${i + 1} ${symbol} ${at.join(' ')} 0`);
  return [
    ...['name', '  test', '', '  0  0  0     0  0            999 V3000', 'M  V30 BEGIN CTAB'],
    ...[`M  V30 COUNTS ${atoms.length} 0 0 0 0`, 'M  V30 BEGIN ATOM', ...lines, 'M  V30 END ATOM'],
    ...['M  V30 END CTAB', 'M  END'],
  ].join('\n');
}

function sorted(atoms: readonly Placed[]): Placed[] {
  return [...atoms].sort((a, b) => a[1] - b[1]);
}

describe('SDF files', () => {
  const placed = (text: string) =>
    readSdf(text, 'a.sdf').map(({ elements, coordinates }) =>
      sorted(
        Array.from(elements, (element, i): Placed => {
          const [x, y, z] = coordinates.data.subarray(3 * i, 3 * i + 3) as unknown as [
            number,
            number,
            number,
          ];
          return [symbolOf(element), x, y, z];
        }),
      ),
    );

  test.each([
    ['V2000', molfile],
    ['V3000', molfile3000],
  ])('keep the numbers that stand in them, signs and all, in %s', (_, write) => {
    expect(placed(write(fluoroethanol))).toEqual([sorted(fluoroethanol)]);
    expect(placed(write(water))).toEqual([sorted(water)]);
  });

  test('may have several records with data, Windows line ends, and no end to the last', () => {
    const text = `${molfile(water)}\n> <SCORE>\n-9.1\n\n$$$$\n${molfile(fluoroethanol)}`;
    const expected = [sorted(water), sorted(fluoroethanol)];
    expect(placed(text)).toEqual(expected);
    expect(placed(`${text}\n$$$$\n\n`)).toEqual(expected);
    expect(placed(text.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  test('that cannot be read are named with the line where the record begins', () => {
    const good = `${molfile(water)}\n$$$$\n`;
    const read = (second: string) => () => readSdf(good + second, 'a.sdf');
    expect(read(molfile(water).replace('1.1234', '1.12x4'))).toThrow(
      'a.sdf, line 10: record 2 is no molecule',
    );
    expect(read('hello')).toThrow('a.sdf, line 10: record 2 is no molecule');
    expect(read(molfile([['Qq', 1, 2, 3]]))).toThrow(
      'a.sdf, line 10: record 2 has an atom that is no element',
    );
    const flat = molfile(fluoroethanol.map(([symbol, x, y]) => [symbol, x, y, 0]));
    expect(read(flat)).toThrow('a.sdf, line 10: record 2 lies flat');
    expect(() => readSdf('\n', 'a.sdf')).toThrow('a.sdf: expected at least one record, found none');
  });
});

describe('PDB files', () => {
  const calcium = 'HETATM 2000 CA    CA A 501      11.639 103.118-149.790  1.00 70.53          CA  ';
  const carbon = 'ATOM    249  CA  LEU B 248      11.579 102.936  49.790  1.00 70.53           C  ';

  test('are read by column: elements and coordinates', () => {
    const { elements, coordinates } = readPdb(`HEADER\r\n${carbon}\r\n${calcium}\r\nTER\r\nEND\r\n`, 'a.pdb');
    expect([...elements]).toEqual([6, 20]);
    expect([...coordinates.data]).toEqual([11.579, 102.936, 49.79, 11.639, 103.118, -149.79]);
    expect(coordinates.shape).toEqual([2, 3]);
  });

  test('have of alternate locations only the first', () => {
    const at = (alternate: string, name = ' CA ', number = '248') =>
      `ATOM    249 ${name}${alternate}LEU B ${number}      11.579 102.936  49.790  1.00 70.53           C  `;
    const text = [
      at('A'),
      at('B'),
      at('A', ' CB '),
      at('B', ' CB '),
      at('B', ' CB ', '249'),
      at(' '),
      at(' '),
    ];
    expect(readPdb(text.join('\n'), 'a.pdb').elements.length).toBe(5);
  });

  test('that are wrong are named with the line and what was expected', () => {
    const read = (second: string) => () => readPdb(`${carbon}\n${second}\n`, 'a.pdb');
    expect(read(carbon.replace('102.936', '102,936'))).toThrow(
      'a.pdb, line 2: expected y in Å, a decimal number in columns 39-46, found "102,936"',
    );
    expect(read(carbon.slice(0, 66))).toThrow(
      'a.pdb, line 2: expected an element in columns 77-78, found nothing',
    );
    expect(read(carbon.replace(' C  ', ' X  '))).toThrow('found "X"');
    expect(read('MODEL 1\nMODEL 2')).toThrow('a.pdb, line 3: expected one model, as a receptor has');
    expect(() => readPdb('HEADER\n', 'a.pdb')).toThrow(
      'a.pdb: expected at least one ATOM or HETATM, found none',
    );
  });
});

describe('structures', () => {
  test('are read from PDB as from PDBQT, without hydrogens', async () => {
    const lines = readFileSync(data('pocket.pdbqt'), 'utf8').split('\n');
    const pdb = lines.map(line => {
      const symbol = symbolOf(atomicNumberOfType(line.slice(77).trim()) ?? 0);
      return line.startsWith('ATOM') ? line.slice(0, 66).padEnd(76) + symbol.padStart(2) : line;
    });
    const receptor = await readReceptor(data('pocket.pdbqt'));
    expect(await readReceptor(file('pocket.pdb', pdb.join('\n')))).toEqual(receptor);
    expect(receptor.elements.length).toBe(921);
    expect(receptor.elements.includes(1)).toBe(false);
  });

  test('are read from SDF as from PDBQT', async () => {
    const text = readFileSync(data('poses.pdbqt'), 'utf8');
    const poses = await readPoses(file('two.pdbqt', text.slice(0, text.indexOf('MODEL 3'))));
    const records = poses.map(({ elements, coordinates }) => {
      const atoms = Array.from(elements, (element, i): Placed => {
        const [x = 0, y = 0, z = 0] = coordinates.data.subarray(3 * i, 3 * i + 3);
        return [symbolOf(element), x, y, z];
      });
      return `${molfile([...water.slice(1), ...atoms])}\n$$$$\n`;
    });
    expect(await readPoses(file('two.sdf', records.join('')))).toEqual(poses);
  });

  test('have the poses of one compound', async () => {
    const poses = await readPoses(data('poses.pdbqt'));
    expect(poses.map(({ elements }) => elements.length)).toEqual(Array(64).fill(37));
    expect([...(poses[0]?.coordinates.data.subarray(0, 3) ?? [])]).toEqual([16.4, 100.418, 50.528]);
    const sdf = file('other.sdf', `${molfile(fluoroethanol)}\n$$$$\n${molfile(water)}\n$$$$\n`);
    await expect(readPoses(sdf)).rejects.toThrow(
      'other.sdf: expected poses of one compound, found O in pose 2 and C O Cl in pose 1',
    );
  });

  test('in other files than these are refused', async () => {
    await expect(readPoses('poses.mol2')).rejects.toThrow(
      'poses.mol2: expected a file that ends in .pdbqt, .sdf',
    );
    await expect(readReceptor('nothing.pdb')).rejects.toThrow(
      'cannot read nothing.pdb: no such file or directory',
    );
    await expect(readReceptor(data('poses.pdbqt'))).rejects.toThrow(
      'expected one model, as a receptor has, found 64',
    );
    const hydrogens = molfile(water.filter(([symbol]) => symbol === 'H'));
    await expect(readPoses(file('h.sdf', hydrogens))).rejects.toThrow('found only hydrogens');
  });

  test('know elements by symbol and by AutoDock type', () => {
    expect(['H', 'C', 'cl', 'ZN', 'Es', 'Qq', ''].map(atomicNumber)).toEqual([
      1,
      6,
      17,
      30,
      99,
      undefined,
      undefined,
    ]);
    expect(['A', 'NA', 'HD', 'OA', 'SA', 'Cl', 'Zn'].map(atomicNumberOfType)).toEqual([
      6, 7, 1, 8, 16, 17, 30,
    ]);
  });
});

describe('affinities', () => {
  const header = 'ligand,measure,value,unit,note';

  test('are read as pKi', () => {
    const text = `\uFEFF${header}\r\na,ki,10,nM,"one, two"\r\n\r\nb,Kd,0.5,uM,\r\n`;
    const [a, b, ...others] = readAffinities(text, 'a.csv');
    expect(others).toEqual([]);
    expect(a).toMatchObject({ ligand: 'a', line: 2 });
    expect(b).toMatchObject({ ligand: 'b', line: 4 });
    expect(a?.pKi).toBeCloseTo(8, 12);
    expect(b?.pKi).toBeCloseTo(6.301029995663981, 12);
  });

  test('that are wrong are named with the line', () => {
    const read = (row: string) => () => readAffinities(`${header}\na,ki,10,nM,\n${row}\n`, 'a.csv');
    expect(read('b,ic50,10,nM,')).toThrow('a.csv, line 3: expected the measure ki or kd, found "ic50"');
    expect(read('b,ki,-1,nM,')).toThrow('a.csv, line 3: expected a value greater than 0, found "-1"');
    expect(read('b,ki,1,nm,')).toThrow('a.csv, line 3: expected a unit of M, mM, uM, µM, nM, pM, found "nm"');
    expect(read(',ki,1,nM,')).toThrow(
      'a.csv, line 3: expected something in the column ligand, found nothing',
    );
    expect(read('b,ki,1')).toThrow(/a\.csv: .*line 3/);
    expect(() => readAffinities(`${header}\n`, 'a.csv')).toThrow('a.csv: expected at least one compound');
  });
});

describe('models', () => {
  const settings = {
    ...{ hidden: 4, gaussians: 5, interactions: 1, cutoff: 4 },
    ...{ neighbours: 3, pocket: 6, delta: true },
  };
  const json = modelToJson(untrained(settings, 5));

  test('come back from JSON as they were', () => {
    const { settings: found, weights } = modelFromJson(json, 'w.json');
    expect(found).toEqual(settings);
    expect(weights).toEqual(untrained(settings, 5).weights);
  });

  test('that are wrong are named', () => {
    const read = (text: string) => () => modelFromJson(text, 'w.json');
    expect(read('{')).toThrow(/^w\.json: /);
    expect(read('{}')).toThrow('w.json: expected settings.hidden to be a number greater than 0');
    expect(read(json.replace('true', '1'))).toThrow('w.json: expected settings.delta to be true or false');
    expect(read(json.replace('"hidden":4', '"hidden":6'))).toThrow(
      'w.json: expected weights.embedding to be 600 numbers',
    );
    expect(read(json.replace('readout1', 'other'))).toThrow(
      'expected weights.readout1.weight to be 8 numbers',
    );
  });
});
