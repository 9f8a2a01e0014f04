/**
 * Tests the tests: plants each defect of mutations.ts in a copy of the project, one at a time, and runs the test files
 * that should catch it. If they pass, it runs the whole suite. It reports the defects that no test catches; the
 * exit code is then 1.
 *
 *     npm run test:mutations                   all defects
 *     npm run test:mutations -- rescale GPU    defects whose name or file contains "rescale" or "GPU"
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../bench/support/command.ts';
import { type Mutation, mutations } from './mutations.ts';
import { copied, plant } from './plant.ts';

/** Time limit of a run. A defect may make a loop endless, so a run that takes longer counts as a failure. */
const limitMinutes = 15;

/** Result of a run of test files. */
interface Outcome {
  readonly passes: boolean;
  readonly output: string;
}

async function main(): Promise<void> {
  const program = command('test:mutations', {
    does: 'Tests the tests: plants each defect of test/mutations/mutations.ts in a copy of the project, one at a time, and runs the test files that should catch it. If they pass, it runs the whole suite. It reports the defects that no test catches; the exit code is then 1.',
    takes: 'seconds a defect, minutes if its own files do not catch it',
    writes: 'to stdout only',
  })
    .argument('[parts...]', 'only defects whose name or file contains one of these')
    .option('--near', 'run only the test files that each defect names, and call it missed if they pass')
    .parse();
  const [wanted] = program.processedArgs as [string[]];
  const { near } = program.opts<{ near?: true }>();
  const chosen = mutations.filter(
    ({ name, file }) =>
      wanted.length === 0 || wanted.some(part => name.includes(part) || file.includes(part)),
  );
  const queue = chosen.map(mutation => ({
    mutation,
    planted: plant(mutation, readFileSync(mutation.file, 'utf8')),
  }));

  process.stdout.write('without a defect, these test files … ');
  const files = [...new Set(chosen.flatMap(({ caughtBy }) => caughtBy))];
  await inCopy(async copy => checkSound(await copy.run(files)));
  process.stdout.write('pass\n');

  // The whole suite runs once without a defect: when the first defect is not caught by its own files.
  let checked: Promise<void> | undefined;
  const checkSuite = () => {
    checked ??= inCopy(async copy => checkSound(await copy.run([])));
    return checked;
  };

  const missed: Mutation[] = [];
  const worker = async (copy: Copy) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { mutation, planted } = next;
      const { name, caughtBy } = mutation;
      const named = await copy.run(caughtBy, mutation, planted);
      if (!named.passes) {
        console.log(`caught  ${name}\n        ${failure(named)}`);
        continue;
      }
      if (!near) await checkSuite();
      const suite = near ? named : await copy.run([], mutation, planted);
      if (suite.passes) missed.push(mutation);
      console.log(
        suite.passes
          ? `MISSED  ${name}`
          : `caught  ${name}\n        not by ${caughtBy.join(' or ')}; add to caughtBy: ${failure(suite)}`,
      );
    }
  };
  const workers = Math.min(2, availableParallelism(), queue.length);
  await Promise.all(Array.from({ length: workers }, () => inCopy(worker)));
  console.log(`${chosen.length - missed.length} of ${chosen.length} defects caught`);
  process.exitCode = missed.length === 0 ? 0 : 1;
}

function checkSound({ passes, output }: Outcome): void {
  if (!passes) throw new Error(`tests fail without a defect:\n${output}`);
}

/** Name of the first test that failed. */
function failure({ output }: Outcome): string {
  return (
    /FAIL\s+(.+)/.exec(output)?.[1] ?? `no end within ${limitMinutes} minutes, or an error outside tests`
  );
}

/** Copy of the project, in which defects are planted. */
interface Copy {
  /** Runs these test files, or all for an empty list, up to the first failure, with the planted source of a mutation. */
  run(files: readonly string[], mutation?: Mutation, planted?: string): Promise<Outcome>;
}

async function inCopy(work: (copy: Copy) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'posetape-mutation-'));
  try {
    for (const each of copied) cpSync(each, join(folder, each), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    await work({
      run: async (files, mutation, planted) => {
        if (!mutation || planted === undefined) return vitest(folder, files);
        const path = join(folder, mutation.file);
        const sound = readFileSync(path, 'utf8');
        writeFileSync(path, planted);
        try {
          return await vitest(folder, files);
        } finally {
          writeFileSync(path, sound);
        }
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function vitest(folder: string, files: readonly string[]): Promise<Outcome> {
  const path = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  // Leaves out plant.test.ts, which fails where a defect is planted.
  const args = ['run', '--bail=1', '--maxWorkers=1', '--exclude=test/mutations/**', ...files];
  const run = spawn(process.execPath, [path, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    timeout: limitMinutes * 60_000,
  });
  let output = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', chunk => (output += chunk));
  const exitCode = await new Promise<number | null>(resolve => run.on('close', resolve));
  return { passes: exitCode === 0, output };
}

await main();
