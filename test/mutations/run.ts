/**
 * Tests the tests: plants each defect of mutations.ts in a copy of the project, one at a time, and runs the suite there.
 * A defect that no test notices is reported, and the exit code is 1.
 *
 *     npm run test:mutations                   all
 *     npm run test:mutations -- rescale GPU    those whose name contains "rescale" or "GPU"
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../bench/support/command.ts';
import { type Mutation, mutations } from './mutations.ts';

const copied = [
  'README.md',
  'docs',
  'engine',
  'ops',
  'combine',
  'examples',
  'bench',
  'scripts',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

async function main(): Promise<void> {
  const [wanted] = command('test:mutations', {
    does: 'Tests the tests: plants each defect of test/mutations/mutations.ts in a copy of the project, one at a time, and runs the suite there. One that no test notices is reported, and the exit code is 1.',
    takes: 'about forty minutes on two cores',
    writes: 'nothing but what it tells',
  })
    .argument('[parts...]', 'only defects whose name contains one of these')
    .parse().processedArgs as [string[]];
  const chosen = mutations.filter(
    ({ name }) => wanted.length === 0 || wanted.some(part => name.includes(part)),
  );
  for (const mutation of chosen) checkFound(mutation);

  process.stdout.write('the suite without a defect … ');
  const sound = await runSuite();
  if (sound.exitCode !== 0) throw new Error(`fails already:\n${sound.output}`);
  process.stdout.write('passes\n');

  const queue = [...chosen];
  const missed: Mutation[] = [];
  const worker = async () => {
    for (let mutation = queue.shift(); mutation; mutation = queue.shift()) {
      const { exitCode, output } = await runSuite(mutation);
      if (exitCode === 0) missed.push(mutation);
      const by = /FAIL\s+(.+)/.exec(output)?.[1] ?? 'an error';
      console.log(exitCode === 0 ? `MISSED  ${mutation.name}` : `caught  ${mutation.name}\n        ${by}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  console.log(`${chosen.length - missed.length} of ${chosen.length} defects caught`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

function checkFound({ name, file, find }: Mutation): void {
  const times = readFileSync(file, 'utf8').split(find).length - 1;
  if (times !== 1)
    throw new Error(`${name}: what it replaces stands ${times} times in ${file}; it must stand once`);
}

/** Runs the suite up to its first failure, in a copy of the project with the defect in it. */
async function runSuite(mutation?: Mutation): Promise<{ exitCode: number | null; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-mutation-'));
  try {
    for (const each of copied) cpSync(each, join(folder, each), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    if (mutation) {
      const path = join(folder, mutation.file);
      // A function, as a replacement text would be searched for $.
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace(mutation.find, () => mutation.replace),
      );
    }
    const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
    const run = spawn(process.execPath, [vitest, 'run', '--bail=1', '--maxWorkers=1'], {
      cwd: folder,
      // A planted defect shows in a few cases; more runs only take longer.
      env: { POSETAPE_RUNS: '30', ...process.env, NO_COLOR: '1' },
    });
    let output = '';
    for (const stream of [run.stdout, run.stderr]) stream.on('data', chunk => (output += chunk));
    const exitCode = await new Promise<number | null>(resolve => run.on('close', resolve));
    return { exitCode, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
