/**
 * This checkout against another one, such as the last release: the CPU time of the same workloads in one interleaved run.
 *
 *     git worktree add ../before v0.1.0 && (cd ../before && npm ci)
 *     npm run bench:against -- ../before
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { command, whole } from './support/command.ts';
import { interleaved, type Measured, Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import { digits, table } from './support/text.ts';

const program = command('bench:against', {
  does: 'Measures this checkout against another one: the CPU time of the same workloads, each in processes of its own that take turns, and the ratio of the medians.',
  takes: 'about eight minutes',
  writes: 'nothing but what it tells',
})
  .argument('<checkout>', 'the folder of the other checkout, with its packages installed')
  .option('--rounds <count>', 'how many rounds go from process to process', whole, 9)
  .option('--only <part>', 'only workloads whose name contains this', '')
  .parse();
const { rounds, only } = program.opts<{ rounds: number; only: string }>();
const [other] = program.processedArgs as [string];
if (!existsSync(join(other, 'bench', 'subject.ts'))) {
  throw new Error(`bench:against: there is no checkout of posetape in ${other}`);
}

type Workload = readonly [name: string, source: string, ...args: (string | number)[]];

const subject = (name: string, ...args: (string | number)[]): Workload => [name, 'subject.ts', ...args];
const product = (transposes: string, m: number, k: number, n: number): Workload => [
  `jit, product ${transposes}`,
  'matmul-subject.ts',
  ...['ours', transposes, m, k, n],
];
const machine = (name: string, ...args: (string | number)[]): Workload => [name, 'wasm-subject.ts', ...args];

const workloads: readonly Workload[] = [
  subject('jit, pair list, loops', 'list', 'loops', 64, 'jit'),
  subject('jit, pair list, whole', 'list', 'stream', 64, 'jit'),
  subject('jit, all pairs, loops', 'dense', 'loops', 64, 'jit'),
  subject('jit, all pairs, whole', 'dense', 'stream', 64, 'jit'),
  subject('jit, Vina, loops', 'vina', 'loops', 64, 'jit'),
  subject('jit, Vina, whole', 'vina', 'stream', 64, 'jit'),
  subject('jit, SchNet of 9,600 edges', 'network', 'stream', 1, 'jit'),
  product('NN', 9600, 64, 64),
  product('NT', 9600, 64, 64),
  product('TN', 64, 9600, 64),
  product('TT', 9600, 64, 64),
  subject('wasm, pair list, loops', 'list', 'loops', 64, 'wasm'),
  subject('wasm, pair list, whole', 'list', 'stream', 64, 'wasm'),
  subject('wasm, all pairs, whole', 'dense', 'stream', 64, 'wasm'),
  subject('wasm, SchNet of 9,600 edges', 'network', 'stream', 2, 'wasm'),
  machine('wasm, product NN', 'matmul', 'NN', 9600, 64, 64),
  machine('wasm, product NT', 'matmul', 'NT', 9600, 64, 64),
  machine('wasm, product TN', 'matmul', 'TN', 64, 9600, 64),
  machine('wasm, exp', 'exp', 1_000_000),
  machine('wasm, softplus and slope', 'softplus', 1_000_000),
  machine('wasm, plan of SchNet', 'plan'),
];

const sources = ['subject.ts', 'matmul-subject.ts', 'wasm-subject.ts'];
const [before, now] = await Promise.all([
  Programs.bundledFrom(other, ...sources),
  Programs.bundled(...sources),
]);
const chosen = workloads.filter(([name]) => name.includes(only));
const progress = new Progress(chosen.length);
const rows: string[][] = [];
try {
  for (const [name, source, ...args] of chosen) {
    progress.next(name);
    const sides = new Map<string, Measured>([
      ['before', before.start(source, args)],
      ['now', now.start(source, args)],
    ]);
    const times = await interleaved(sides, rounds);
    for (const side of sides.values()) await side.stop();
    const [then, since] = [times.get('before') as number, times.get('now') as number];
    rows.push([name, digits(then), digits(since), digits(since / then)]);
  }
} finally {
  progress.stop();
}
console.log(table(['workload', 'before, ms', 'now, ms', 'now / before'], rows));
