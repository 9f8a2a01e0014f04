/**
 * Draws random programs, and compares the results of executors with the interpreter's, up to second derivatives.
 *
 *     npm run test:programs -- --count 1000 --seed 7
 */
import { type Executor, interpreter } from 'posetape';
import { command, whole } from '../../bench/support/command.ts';
import { Progress } from '../../bench/support/progress.ts';
import { type ContestantName, judge, open } from './contestants.ts';
import { draw } from './draw.ts';
import { type Program, record } from './program.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';

const standard: readonly ContestantName[] = ['jit', 'jit float32', 'wasm'];

interface Options {
  readonly count: number;
  readonly seed: number;
  readonly first: number;
  readonly differences: number;
  readonly executor: readonly ContestantName[];
}

function options(): Options {
  return command('test:programs', {
    does: 'Draws random programs from all that the API accepts, and compares executors with the interpreter on them, up to second derivatives. For each difference it prints the smallest program found. The exit code is 1 if there are any.',
    takes: 'about a quarter of an hour for 100,000 programs',
    writes: 'to stdout only',
  })
    .option('--count <programs>', 'number of programs', whole, 100_000)
    .option('--seed <seed>', 'seed of the programs', whole, 1)
    .option('--first <program>', 'number of the first program, to repeat a difference', whole, 1)
    .option('--differences <differences>', 'number of differences after which to stop', whole, 20)
    .option(
      '--executor <names...>',
      `executors to compare, of ${Object.keys(open).join(', ')}`,
      standard as string[],
    )
    .parse()
    .opts();
}

/** Description of the first difference of an executor from the interpreter. */
async function differenceOf(executor: Executor, program: Program): Promise<string | undefined> {
  const wanted = record(program);
  const { difference } = await judge(executor, wanted, interpreter().run(wanted));
  if (!difference) return undefined;
  const { tensor, entry, actual, expected, allowed } = difference;
  return `entry ${entry} of answer ${tensor} is ${actual}, not ${expected} (within ${allowed})`;
}

async function main(): Promise<void> {
  const { count, seed, first, differences, executor: names } = options();
  const executors = await Promise.all(names.map(name => open[name]()));
  const steps = Math.min(20, count);
  const progress = new Progress(steps);
  let shown = 0;
  let found = 0;
  for (let i = 0; i < count && found < differences; i++) {
    if (i * steps >= shown * count) {
      progress.next(`from program ${first + i}, ${found} differences`);
      shown++;
    }
    const program = draw(new Random(seed, first + i));
    for (const [k, executor] of executors.entries()) {
      if (!(await differenceOf(executor, program))) continue;
      found++;
      const small = await shrink(program, async each => (await differenceOf(executor, each)) !== undefined);
      const what = await differenceOf(executor, small);
      console.log(`${names[k]}, --seed ${seed} --first ${first + i}: ${what}\n${JSON.stringify(small)}\n`);
    }
  }
  progress.stop();
  console.log(`${found} differences${found >= differences ? '; stopped' : ` in ${count} programs`}`);
  for (const executor of executors)
    if ('dispose' in executor) await (executor as { dispose(): Promise<void> }).dispose();
  process.exitCode = found > 0 ? 1 : 0;
}

await main();
