/**
 * The time it takes to plan and compile graphs of many values: deep networks, chains, fans, long lists.
 *
 *     npm run bench:plans
 *
 * Each graph runs in a process of its own, on one core: CPU time of its first run for each recorded value, and of a later run.
 */
import { graphs } from './plan-graphs.ts';
import { command, wholes } from './support/command.ts';
import { Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import { digits, table } from './support/text.ts';

const standard = [100, 1000];
const { sizes } = command('bench:plans', {
  does: 'Measures how long graphs of many values take to be planned and compiled: networks of many layers, an unrolled message-passing network, chains, fans and long lists, by jit() and wasm(), beside the interpreter.',
  takes: 'about three minutes',
  writes: 'nothing but what it tells',
})
  .option(
    '--sizes <count>',
    'how many layers, links or parts; may be given more than once',
    wholes(standard),
    standard,
  )
  .parse()
  .opts<{ sizes: readonly number[] }>();

/** Times of one graph on one executor. */
export interface PlanTimes {
  readonly values: number;
  /** CPU milliseconds. */
  readonly first: number;
  readonly later: number;
}

const programs = await Programs.bundled('plans-subject.ts');
const rows: string[][] = [];
const progress = new Progress(Object.keys(graphs).length * sizes.length);
try {
  for (const name of Object.keys(graphs)) {
    for (const size of sizes) {
      progress.next(`${name}, ${size}`);
      const times = new Map<string, PlanTimes>();
      for (const executor of ['interpreter', 'jit', 'wasm']) {
        const subject = programs.start('plans-subject.ts', [name, size, executor]);
        times.set(executor, await subject.ask<PlanTimes>('times'));
        await subject.stop();
      }
      const [plain, jit, wasm] = [...times.values()] as [PlanTimes, PlanTimes, PlanTimes];
      const each = ({ first, values }: PlanTimes) => digits((1e3 * first) / values);
      const later = [plain, jit, wasm].map(time => digits(time.later));
      rows.push([name, `${size}`, `${plain.values}`, each(jit), each(wasm), ...later]);
    }
  }
} finally {
  progress.stop();
}
const heads = ['graph', 'size', 'values', 'jit, µs a value', 'wasm', 'later: interpreter, ms', 'jit', 'wasm'];
console.log(table(heads, rows));
