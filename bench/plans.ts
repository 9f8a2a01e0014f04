/**
 * The time it takes to plan and compile graphs of many values: deep networks, chains, fans, long lists.
 *
 *     npm run bench:plans
 *
 * Writes bench/report/plans.md. Each graph runs in a process of its own, on one core: CPU time of its first run for each recorded value, and of a later run.
 */
import type { PlanTimes } from './plan-graphs.ts';
import { asked, bench } from './support/bench.ts';
import { wholes } from './support/command.ts';
import { figuresOf } from './support/figures.ts';
import { digits, table } from './support/text.ts';

const standard = [100, 1000];
const executors = ['interpreter', 'jit', 'wasm'];

await bench<{ readonly sizes: readonly number[] }>(
  {
    script: 'bench:plans',
    does: 'Measures how long graphs of many values take to be planned and compiled: networks of many layers, an unrolled message-passing network, chains, fans and long lists, by jit() and wasm(), beside the interpreter.',
    takes: 'about three minutes',
    writes: 'a report',
    sources: ['plan-graphs.ts'],
    out: 'bench/report/plans.md',
    more: command =>
      command.option(
        '--sizes <count>',
        'how many layers, links or parts; may be given more than once',
        wholes(standard),
        standard,
      ),
  },
  async ({ options: { sizes }, programs, by, next }) => {
    const start = (...args: (string | number)[]) => programs.start('plan-graphs.ts', args);
    const { names } = await asked<{ names: readonly string[] }>(() => start(), 'names');
    const rows: string[][] = [];
    for (const name of names) {
      for (const size of sizes) {
        next(`${name}, ${size}`);
        const times: PlanTimes[] = [];
        for (const executor of executors)
          times.push(await asked<PlanTimes>(() => start(name, size, executor), 'times'));
        const [plain, jit, wasm] = times as [PlanTimes, PlanTimes, PlanTimes];
        const each = ({ first, values }: PlanTimes) => digits((1e3 * first) / values);
        const later = times.map(time => digits(time.later));
        rows.push([name, `${size}`, `${plain.values}`, each(jit), each(wasm), ...later]);
      }
    }
    const heads = [
      'graph',
      'size',
      'values',
      'jit, µs a value',
      'wasm',
      'later: interpreter, ms',
      'jit',
      'wasm',
    ];
    const text = `# Plans

${by}.

CPU time of one core to plan and compile graphs that are new, in the first run of a process: microseconds for each recorded
value, the gradient's included. And milliseconds of a later run, the median of seven.

${table(heads, rows)}
`;
    return { text, figures: figuresOf('', heads, rows, 2) };
  },
);
