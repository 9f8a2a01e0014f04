/**
 * This checkout against another one, such as the last release: the CPU time of the same workloads in one interleaved run.
 *
 *     git worktree add ../before v0.1.0 && (cd ../before && npm ci)
 *     npm run bench:against -- ../before
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { bench } from './support/bench.ts';
import { type Measured, Programs } from './support/measured.ts';
import { interleaved } from './support/rows.ts';
import { digits, table } from './support/text.ts';

/** A program of bench/ and its arguments: in this checkout, and in those from before kernels.ts. */
type Program = readonly [source: string, ...args: (string | number)[]];
type Workload = readonly [name: string, now: Program, early: Program];

const subject = (name: string, ...args: (string | number)[]): Workload => [
  name,
  ['subject.ts', ...args],
  ['subject.ts', ...args],
];
const product = (by: 'jit' | 'wasm', transposes: string, m: number, k: number, n: number): Workload => {
  const sizes = [transposes, m, k, n] as const;
  const early: Program =
    by === 'jit' ? ['matmul-subject.ts', 'ours', ...sizes] : ['wasm-subject.ts', 'matmul', ...sizes];
  return [`${by}, product ${transposes}`, ['kernels.ts', 'matmul', by, ...sizes], early];
};
const kernel = (name: string, ...args: (string | number)[]): Workload => [
  name,
  ['kernels.ts', ...args],
  ['wasm-subject.ts', ...args],
];

const workloads: readonly Workload[] = [
  subject('jit, pair list, loops', 'list', 'loops', 64, 'jit'),
  subject('jit, pair list, whole', 'list', 'stream', 64, 'jit'),
  subject('jit, all pairs, loops', 'dense', 'loops', 64, 'jit'),
  subject('jit, all pairs, whole', 'dense', 'stream', 64, 'jit'),
  subject('jit, Vina, loops', 'vina', 'loops', 64, 'jit'),
  subject('jit, Vina, whole', 'vina', 'stream', 64, 'jit'),
  subject('jit, SchNet of 9,600 edges', 'network', 'stream', 1, 'jit'),
  product('jit', 'NN', 9600, 64, 64),
  product('jit', 'NT', 9600, 64, 64),
  product('jit', 'TN', 64, 9600, 64),
  product('jit', 'TT', 9600, 64, 64),
  subject('wasm, pair list, loops', 'list', 'loops', 64, 'wasm'),
  subject('wasm, pair list, whole', 'list', 'stream', 64, 'wasm'),
  subject('wasm, all pairs, whole', 'dense', 'stream', 64, 'wasm'),
  subject('wasm, SchNet of 9,600 edges', 'network', 'stream', 2, 'wasm'),
  product('wasm', 'NN', 9600, 64, 64),
  product('wasm', 'NT', 9600, 64, 64),
  product('wasm', 'TN', 64, 9600, 64),
  kernel('wasm, exp', 'exp', 1_000_000),
  kernel('wasm, softplus and slope', 'softplus', 1_000_000),
  kernel('wasm, plan of SchNet', 'plan'),
];

interface Options {
  readonly only: string;
  readonly args: readonly [string];
}

await bench<Options>(
  {
    script: 'bench:against',
    does: 'Measures this checkout against another one: the CPU time of the same workloads, each in processes of its own that take turns, and the ratio of the medians.',
    takes: 'about eight minutes',
    writes: 'nothing but what it tells',
    sources: ['subject.ts', 'kernels.ts'],
    rounds: 9,
    more: (command: Command) =>
      command
        .argument('<checkout>', 'the folder of the other checkout, with its packages installed')
        .option('--only <part>', 'only workloads whose name contains this', ''),
  },
  async ({ options: { only, args }, programs, rounds, next }) => {
    const [other] = args;
    const has = (source: string) => existsSync(join(other, 'bench', source));
    if (!has('subject.ts')) throw new Error(`bench:against: there is no checkout of posetape in ${other}`);
    const isEarly = !has('kernels.ts');
    const sources = isEarly ? ['matmul-subject.ts', 'wasm-subject.ts'] : ['kernels.ts'];
    const before = await Programs.bundledFrom(other, 'subject.ts', ...sources);
    const rows: string[][] = [];
    for (const [name, [source, ...rest], early] of workloads.filter(([name]) => name.includes(only))) {
      next(name);
      const [then, ...thenArgs] = isEarly ? early : [source, ...rest];
      const sides = new Map<string, Measured>([
        ['before', before.start(then, thenArgs)],
        ['now', programs.start(source, rest)],
      ]);
      const times = await interleaved(sides, rounds);
      for (const side of sides.values()) await side.stop();
      const [was, is] = [times.get('before') as number, times.get('now') as number];
      rows.push([name, digits(was), digits(is), digits(is / was)]);
    }
    return { text: table(['workload', 'before, ms', 'now, ms', 'now / before'], rows) };
  },
);
