import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { readMolecule, readMolecules } from '../../../program/read/files.ts';
import { MoleculeReader, moleculesOf } from '../../../program/read/molecules.ts';
import { property } from '../../support/property.ts';
import { chloromethanol, molfile, water } from './molfiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'posetape-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const posesText = readFileSync(
  new URL('../../../examples/vina/data/imatinib-abl/poses.pdbqt', import.meta.url),
  'utf8',
);
const sdf = `${molfile(water)}\n$$$$\n${molfile(chloromethanol)}\n$$$$\n`;
const atomsOfSdf = [...moleculesOf(sdf, 'a.sdf')].map(({ atoms }) => atoms);

async function read(name: string, content: string | Uint8Array): Promise<Molecule[]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const molecules: Molecule[] = [];
  for await (const molecule of readMolecules(path)) molecules.push(molecule);
  return molecules;
}

const atomsIn = async (name: string, content: string | Uint8Array) =>
  (await read(name, content)).map(({ atoms }) => atoms);

describe('reading files of molecules', () => {
  test('decompresses gzip, whatever the file is called', async () => {
    expect(await atomsIn('a.sdf', sdf)).toEqual(atomsOfSdf);
    expect(await atomsIn('b.sdf.gz', gzipSync(sdf))).toEqual(atomsOfSdf);
    expect(await atomsIn('c.SDF', gzipSync(sdf))).toEqual(atomsOfSdf);
    // Concatenated gzip members are one file.
    expect(await atomsIn('d.sdf.gz', Buffer.concat([gzipSync(sdf), gzipSync(sdf)]))).toEqual([
      ...atomsOfSdf,
      ...atomsOfSdf,
    ]);
    expect((await read('poses.pdbqt.gz', gzipSync(posesText))).length).toBe(64);
  });

  test('accepts a byte order mark, and UTF-16 in either byte order', async () => {
    expect(await atomsIn('a.sdf', `\ufeff${sdf}`)).toEqual(atomsOfSdf);
    expect(await atomsIn('b.sdf', Buffer.from(`\ufeff${sdf}`, 'utf16le'))).toEqual(atomsOfSdf);
    expect(await atomsIn('c.sdf', Buffer.from(`\ufeff${sdf}`, 'utf16le').swap16())).toEqual(atomsOfSdf);
  });

  test('reports the file and the reason if it cannot be read', async () => {
    const cut = gzipSync(posesText).subarray(0, 2000);
    await expect(read('cut.pdbqt.gz', cut)).rejects.toThrow(
      /^cannot read .*cut\.pdbqt\.gz: unexpected end of file, as gzip$/,
    );
    await expect(read('bad.sdf', Buffer.from([0x1f, 0x8b, 9, 9, 9, 9]))).rejects.toThrow(
      /bad\.sdf: .*, as gzip$/,
    );
    await expect(read('a.sdf.zip.sdf', Buffer.from('PK\x03\x04'))).rejects.toThrow(
      /cannot read .*: expected text, or text compressed by gzip, found zip$/,
    );
    await expect(readMolecule(join(folder, 'none.pdb'))).rejects.toThrow(
      /cannot read .*none\.pdb: no such file or directory/,
    );
    await expect(readMolecule('a.xyz')).rejects.toThrow(
      'a.xyz: expected a file that ends in .pdbqt, .dlg, .pdb, .ent, .sdf, .sd, .mol, .mol2, .cif, .mmcif, or these with .gz',
    );
    await expect(read('empty.pdb', '')).rejects.toThrow('expected at least one molecule, found none');
  });

  test('reads no further than the molecules that are consumed', async () => {
    const path = join(folder, 'half.pdbqt');
    writeFileSync(path, `${posesText}\nnonsense`);
    for await (const { atoms } of readMolecules(path)) {
      expect(atoms.length).toBe(39);
      break;
    }
  });

  test('rejects lines and records too long for memory', async () => {
    const long = `${sdf}${'x'.repeat(2_000_000)}`;
    await expect(read('long.sdf', long)).rejects.toThrow(
      `line ${sdf.split('\n').length}: expected a line of at most 1000000 characters, found more`,
    );
    const endless = new MoleculeReader('endless.sdf', {});
    const push = () => {
      for (let i = 0; i < 300; i++) expect([...endless.push('\n'.repeat(10_000))]).toEqual([]);
    };
    expect(push).toThrow('endless.sdf, line 1: expected a record of at most 2000000 lines, found more');
  });

  property(
    'gives the same molecules from chunks of any size',
    fc.constantFrom('\n', '\r\n', '\r'),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
    (lineEnd, sizes) => {
      const text = sdf.replaceAll('\n', lineEnd);
      const reader = new MoleculeReader('a.sdf');
      const streamed: Molecule[] = [];
      for (let [at, chunk] = [0, 0]; at < text.length; chunk++) {
        const size = sizes[chunk % sizes.length] as number;
        streamed.push(...reader.push(text.slice(at, at + size)));
        at += size;
      }
      streamed.push(...reader.end());
      expect(streamed).toEqual([...moleculesOf(text, 'a.sdf')]);
    },
  );

  test('reads 10,000 poses in a heap of 40 MB', () => {
    const models = posesText.split(/(?<=ENDMDL\n)/).filter(model => model.includes('ENDMDL'));
    const path = join(folder, 'many.pdbqt');
    writeFileSync(path, Array.from({ length: 10_000 }, (_, n) => models[n % models.length]).join(''));
    const program = `
      const { readMolecules } = await import(${JSON.stringify(new URL('../../../program/read/files.ts', import.meta.url))});
      let count = 0;
      for await (const { atoms } of readMolecules(${JSON.stringify(path)})) count += atoms.length;
      console.log(count);`;
    const argv = ['--max-old-space-size=40', '--import', 'tsx', '--input-type=module', '-e', program];
    const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toBe('390000\n');
  });
});

const atomOf = (x: number) =>
  `ATOM      1  C1  LIG A   7    ${x.toFixed(3).padStart(8)}   2.250   0.125  1.00  0.00           C`;
const sdfRecord =
  'a\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    1.0000    2.0000    3.0000 C   0  0\nM  END\n$$$$\n';
const mol2Record =
  '@<TRIPOS>MOLECULE\na\n 1 0\nSMALL\nNO_CHARGES\n@<TRIPOS>ATOM\n1 C1 1.0 2.0 3.0 C.3 1 LIG 0.0\n';
const cifBlock = (name: string) =>
  `data_${name}\nloop_\n_atom_site.type_symbol\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n` +
  '_atom_site.pdbx_PDB_model_num\nC 1 2 3 1\nC 1 2 3 2\n';

test.each([
  [
    'a.pdb',
    `REMARK\n${[1, 2].map(x => `MODEL        1\n${atomOf(x)}\nENDMDL\n`).join('REMARK\n')}END\n`,
    [1, 2],
  ],
  ['a.sdf', `${sdfRecord}${sdfRecord.replace('V2000', 'V9000')}${sdfRecord}\n\n`, [1, 3]],
  ['a.mol2', `# comment\n${mol2Record}${mol2Record}`, [1, 2]],
  ['a.cif', `${cifBlock('a')}${cifBlock('b')}`, [1, 2, 3, 4]],
])('gives the molecules of %s the same numbers if earlier records are left out', (name, text, numbers) => {
  const numbersFrom = (first: number) => {
    let record = 0;
    const reader = new MoleculeReader(name, { onBad: () => {}, takes: () => record++ >= first });
    return [...reader.push(text), ...reader.end()].map(({ number }) => number);
  };
  const all = numbersFrom(0);
  for (let first = 1; first < 4; first++) {
    const some = numbersFrom(first);
    expect(some).toEqual(some.length > 0 ? all.slice(-some.length) : []);
  }
  expect(all).toEqual(numbers);
});
