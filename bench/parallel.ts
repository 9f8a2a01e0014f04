/**
 * The time of a pose by a pool of 1, 2 and more threads, beside that without one. Writes bench/report/parallel.md.
 *
 *     npm run bench:parallel
 */
import { availableParallelism } from 'node:os';
import type { Answer } from './subject.ts';
import { bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import type { Measured } from './support/measured.ts';
import { agreement } from './support/rows.ts';
import type { Round } from './support/serve.ts';
import { digits } from './support/text.ts';

/** Workloads, with numbers of poses and of poses a chunk: half a second's work or more, several chunks for each thread. */
const workloads = [
  { name: 'network', title: 'SchNet, 300 atoms, 68 thousand parameters', poses: 64, chunk: 8 },
  { name: 'small', title: 'SchNet, 10 atoms, 456 thousand parameters', poses: 256, chunk: 32 },
  { name: 'list', title: 'pairs from a list', poses: 4096, chunk: 128 },
  { name: 'vina', title: 'Vina, jit float64', poses: 1024, chunk: 64 },
];

const agreed = agreement();

await bench<{ only?: string }>(
  {
    script: 'bench:parallel',
    does: 'Measures value and gradient by a pool of worker threads: CPU time and time by the clock for a pose, with 1, 2 and so many threads as there are cores, and without a pool. Times by the clock need free cores.',
    takes: 'about five minutes',
    writes: 'a report',
    sources: ['threaded.ts', 'threaded-worker.ts'],
    out: 'bench/report/parallel.md',
    rounds: 7,
    more: program =>
      program.option('--only <workload>', `one of ${workloads.map(({ name }) => name).join(', ')}`),
  },
  async ({ options, programs, rounds, next }) => {
    const counts = [...new Set([0, 1, 2, availableParallelism()])];
    const rows: string[][] = [];
    for (const { name, title, poses, chunk } of workloads.filter(each =>
      [each.name, undefined].includes(options.only),
    )) {
      next(title);
      const sides = counts.map(threads => {
        const start = () =>
          programs.start('threaded.ts', [name, threads, poses, chunk], { isPinned: threads < 2 });
        return { name: `${name}, ${threads} threads`, start, work: name };
      });
      const found = await turns(
        sides.map(({ start }) => start()),
        rounds,
        (answer, at) => agreed(sides[at] as (typeof sides)[number], answer),
      );
      const [none, one] = found as [Round, Round];
      for (const [at, { cpu, wall }] of found.entries()) {
        const threads = counts[at] as number;
        rows.push([
          at === 0 ? title : '',
          threads === 0 ? 'no pool' : `${threads}`,
          digits(cpu),
          threads === 0 ? '' : `${digits(cpu / none.cpu)} ×`,
          digits(wall),
          threads === 0 ? '' : `${digits(none.wall / wall)} ×`,
          threads < 2 ? '' : `${digits(one.wall / wall)} ×`,
        ]);
      }
    }
    return {
      title: 'Threads',
      about:
        'Milliseconds a pose for value and gradient, medians of rounds that take turns. CPU time is that of all threads of the process; what a pool adds to it is sending poses and sums, and merging. By the clock, cores that others use are missing: figures hold for a quiet machine.',
      sections: [
        {
          title: '',
          head: ['workload', 'threads', 'CPU ms', '/ no pool', 'clock ms', 'no pool /', '1 thread /'],
          rows,
          names: 2,
        },
      ],
    };
  },
);

/** Asks processes for their rounds in turn. */
async function turns(
  processes: readonly Measured[],
  rounds: number,
  check: (answer: Answer, at: number) => void,
): Promise<Round[]> {
  try {
    for (const [at, process] of processes.entries()) check(await process.ask<Answer>('check'), at);
    const all: Round[][] = processes.map(() => []);
    for (let i = 0; i < rounds; i++)
      for (const [at, process] of processes.entries()) all[at]?.push(await process.ask<Round>('round'));
    return all.map(each => ({
      cpu: median(each.map(({ cpu }) => cpu)),
      wall: median(each.map(({ wall }) => wall)),
    }));
  } finally {
    for (const process of processes) await process.stop();
  }
}
