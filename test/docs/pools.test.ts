import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, transformSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from './page.ts';

let folder: string;

/** Installs the package in a folder. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posetape-pools-'));
  const installed = join(folder, 'node_modules/posetape');
  await build({
    entryPoints: {
      posetape: 'engine/index.ts',
      ops: 'ops/index.ts',
      combine: 'combine/index.ts',
      parallel: 'parallel/index.ts',
      'parallel-worker': 'parallel/worker.ts',
    },
    outdir: join(installed, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['posetape:source'],
  });
  writeFileSync(join(installed, 'package.json'), readFileSync('package.json'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Declarations of the names that the blocks use. */
const declarations = `
  import { tensor } from 'posetape';
  import { boltzmann } from 'posetape/combine';
  const poses = [[2.9, 3.4, 3.1], [3.2, 2.6, 3.9, 4.4]];
  const params = { depth: tensor(-1), width: tensor(2) };
  const combination = boltzmann({ kT: 0.593 });`;

const importOfCall = `import { combinePoses } from 'posetape/combine';`;

/** ΔG and its gradient, printed by a program in the folder of the scorer. */
function numbersBy(program: string): number[] {
  const file = join(folder, 'program.js');
  const imports = program.includes('import { combinePoses }') ? '' : importOfCall;
  writeFileSync(
    file,
    `${declarations}\n${imports}\n${program}\nconsole.log(value, gradient.depth.data[0], gradient.width.data[0]);`,
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split(' ').map(Number);
}

test.each(['README.md', 'docs/scale.md'])(
  'the pool shown in %s runs, and gives the results of a run without a pool',
  page => {
    const scorer = blocksOf(page).find(({ text }) => text.startsWith('// scorer.'));
    writeFileSync(join(folder, 'scorer.js'), transformSync(scorer?.text ?? '', { loader: 'ts' }).code);
    const [shown, other] = blocksOf(page).filter(({ text }) => text.includes('await pool.close()'));
    expect(other).toBeUndefined();
    const pooled = numbersBy(shown?.text ?? '');
    const expected = numbersBy(`import { score } from './scorer.js';
    const { value, gradient } = await combinePoses({ score, poses, params, combination });`);
    for (const [nth, number] of expected.entries()) expect(pooled[nth]).toBeCloseTo(number, 12);
    expect(pooled).toHaveLength(3);
  },
);
