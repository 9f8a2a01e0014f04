/**
 * A comparison of this checkout with another one, such as the last release: the CPU time of the same workloads in one
 * interleaved run.
 *
 *     git worktree add ../before v0.1.0 && (cd ../before && npm ci)
 *     npm run bench:against -- ../before
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { bench } from './support/bench.ts';
import { Programs } from './support/measured.ts';
import { type Side, timed } from './support/rows.ts';
import { digits } from './support/text.ts';

/** A name, a program of bench/, and its arguments. */
type Workload = readonly [name: string, source: string, ...args: (string | number)[]];

const subject = (name: string, ...args: (string | number)[]): Workload => [name, 'subject.ts', ...args];
const kernel = (name: string, ...args: (string | number)[]): Workload => [name, 'kernels.ts', ...args];

const workloads: readonly Workload[] = [
  subject('jit, pair list, loops', 'list', 'loops', 64, 'jit'),
  subject('jit, pair list, whole', 'list', 'stream', 64, 'jit'),
  subject('jit, Vina, loops', 'vina', 'loops', 64, 'jit'),
  subject('jit, Vina, whole', 'vina', 'stream', 64, 'jit'),
  subject('jit, Vina, 16 a tape', 'vina', 'stream', 64, 'jit', 16),
  subject('jit, SchNet of 9,600 edges', 'network', 'stream', 1, 'jit'),
  subject('wasm, pair list, loops', 'list', 'loops', 64, 'wasm'),
  subject('wasm, pair list, whole', 'list', 'stream', 64, 'wasm'),
  subject('wasm, SchNet of 9,600 edges', 'network', 'stream', 2, 'wasm'),
  subject('wasm, SchNet of 455,809 parameters', 'small', 'stream', 64, 'wasm', 16),
  ...(['jit', 'wasm'] as const).flatMap(by => [
    kernel(`${by}, product NN`, 'matmul', by, 'NN', 9600, 64, 64),
    kernel(`${by}, product NT`, 'matmul', by, 'NT', 9600, 64, 64),
    kernel(`${by}, product TN`, 'matmul', by, 'TN', 64, 9600, 64),
  ]),
  kernel('wasm, plan of SchNet', 'plan', 'network', 'wasm'),
];

interface Options {
  readonly only: string;
  readonly args: readonly [string];
}

await bench<Options>(
  {
    script: 'bench:against',
    does: 'Measures this checkout against another one: the CPU time of the same workloads, each in its own processes, interleaved, and the ratio of the medians.',
    takes: 'about eight minutes',
    writes: 'its result to stdout only',
    sources: ['subject.ts', 'kernels.ts'],
    rounds: 9,
    more: (command: Command) =>
      command
        .argument('<checkout>', 'the folder of the other checkout, with its packages installed')
        .option('--only <part>', 'only workloads whose name contains this', ''),
  },
  async ({ options: { only, args }, programs, rounds, next }) => {
    const [other] = args;
    if (!existsSync(join(other, 'bench', 'kernels.ts')))
      throw new Error(`bench:against: ${other} has no checkout of posetape, or one that is too old`);
    const before = await Programs.bundled(['subject.ts', 'kernels.ts'], other);
    const rows: string[][] = [];
    for (const [name, source, ...rest] of workloads.filter(([name]) => name.includes(only))) {
      next(name);
      const then: Side = { name: 'before', start: () => before.start(source, rest) };
      const now: Side = { name: 'now', start: () => programs.start(source, rest) };
      const time = await timed([then, now], rounds);
      rows.push([name, digits(time(then)), digits(time(now)), digits(time(now) / time(then))]);
    }
    return {
      title: `Against ${other}`,
      about: `CPU milliseconds a pose or run, medians of ${rounds} interleaved rounds. Each checkout makes its own data, so check that the workloads
have not changed between the two.`,
      sections: [{ title: '', head: ['workload', 'before, ms', 'now, ms', 'now / before'], rows }],
    };
  },
);
