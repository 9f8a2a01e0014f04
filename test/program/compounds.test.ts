import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compoundsIn } from '../../program/score/compounds.ts';
import { Cutting, withSizes } from '../../program/shard/cutting.ts';

const folder = mkdtempSync(join(tmpdir(), 'posetape-compounds-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('an error that ends the reading of a file is reported by one shard only', async () => {
  const atom = 'ATOM      1  C1  LIG A   7      -1.500   2.250 100.125  1.00  0.00    +0.014 C';
  const model = ['MODEL 1', atom, 'ENDMDL'].map(line => `DOCKED: ${line}\n`).join('');
  const path = join(folder, 'stray.dlg');
  writeFileSync(path, `${model.repeat(4)}DOCKED: MODEL 1\nstray\n${model.repeat(4)}`);
  const files = await withSizes([{ path, name: 'stray' }]);
  const shards = 4;
  const errors: string[] = [];
  let molecules = 0;
  for (let number = 1; number <= shards; number++) {
    const cutting = new Cutting(files, { number, of: shards }, 1);
    for await (const { poses } of compoundsIn(files, 'file', file => cutting.cutter(file))) {
      for await (const pose of poses) {
        if ('error' in pose) errors.push(pose.error.message);
        else molecules++;
      }
    }
  }
  expect({ molecules, errors }).toEqual({
    molecules: 4,
    errors: [
      `${path}, line 14: expected "DOCKED: " at the beginning of each line of a record, found "stray"`,
    ],
  });
});
