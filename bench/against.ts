/**
 * Compares the CPU time of this checkout with that of another checkout, such as the last release, on the same workloads.
 * Rounds of both checkouts alternate in one run.
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

/** Workload: its name, a program of bench/, and the program's arguments. */
type Workload = readonly [name: string, source: string, ...args: (string | number)[]];

// Arguments of subject.ts: workload, way, number of poses, executor, and poses per tape. kernels.ts lists its arguments at its head.
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
    does: 'Compares the CPU time of this checkout with that of another one. Both run the same workloads in interleaved processes.',
    takes: 'about eight minutes',
    writes: 'the medians and their ratio to stdout only',
    sources: ['subject.ts', 'kernels.ts'],
    rounds: 9,
    more: (command: Command) =>
      command
        .argument('<checkout>', 'folder of the other checkout, with its packages installed')
        .option('--only <text>', 'run only workloads whose name contains this text', ''),
  },
  async ({ options: { only, args }, programs, rounds, next }) => {
    const [other] = args;
    if (!existsSync(join(other, 'bench', 'kernels.ts')))
      throw new Error(
        `bench:against: ${other} is not a checkout of posetape, or is too old: bench/kernels.ts is missing`,
      );
    const chosen = workloads.filter(([name]) => name.includes(only));
    if (chosen.length === 0)
      throw new Error(
        `bench:against: no workload has ${only} in its name. The workloads are:\n${workloads.map(([name]) => name).join('\n')}`,
      );
    const otherPrograms = await Programs.bundled(['subject.ts', 'kernels.ts'], other);
    const rows: string[][] = [];
    for (const [name, source, ...rest] of chosen) {
      next(name);
      const beforeSide: Side = { name: 'before', start: () => otherPrograms.start(source, rest) };
      const nowSide: Side = { name: 'now', start: () => programs.start(source, rest) };
      const time = await timed([beforeSide, nowSide], rounds);
      const [timeBefore, timeNow] = [time(beforeSide), time(nowSide)];
      rows.push([name, digits(timeBefore), digits(timeNow), digits(timeNow / timeBefore)]);
    }
    return {
      title: `Against ${other}`,
      about: `CPU milliseconds per pose or run, medians of ${rounds} interleaved rounds. Each checkout generates its own data, so check that the
workloads are the same in both.`,
      sections: [{ title: '', head: ['workload', 'before, ms', 'now, ms', 'now / before'], rows }],
    };
  },
);
