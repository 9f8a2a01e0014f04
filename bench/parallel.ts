/**
 * The time of a pose by a pool of 1, 2 and more threads, beside that without one and PyTorch's on all cores. Writes
 * bench/report/parallel.md.
 *
 *     npm run bench:parallel
 */
import { availableParallelism } from 'node:os';
import type { Answer } from './subject.ts';
import { bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import { type Measured, threads as threadsOf } from './support/measured.ts';
import { agreement, type Side } from './support/rows.ts';
import type { Round } from './support/serve.ts';
import { digits } from './support/text.ts';

/** Workloads, with numbers of poses and of poses a chunk: half a second's work or more, several chunks for each thread. */
const workloads = [
  { name: 'network', title: 'SchNet, 300 atoms, 68 thousand parameters', poses: 64, chunk: 8 },
  { name: 'small', title: 'SchNet, 10 atoms, 456 thousand parameters', poses: 256, chunk: 32 },
  { name: 'list', title: 'pairs from a list', poses: 4096, chunk: 128, isLight: true },
  {
    name: 'pairs,1000',
    title: '1,000 pairs, 16 poses a tape',
    poses: 8192,
    chunk: 512,
    perTape: 16,
    isLight: true,
  },
  { name: 'vina', title: 'Vina, jit float64', poses: 1024, chunk: 64, isLight: true, isOurs: true },
];

const agreed = agreement();
const cores = availableParallelism();

/** A line of the table: processes that do a share of the poses each, at once. */
interface Way {
  readonly by: string;
  readonly start: () => readonly Measured[];
  readonly side: Side;
  /** The number of threads of a pool; undefined for PyTorch. */
  readonly threads?: number;
}

await bench<{ only?: string }>(
  {
    script: 'bench:parallel',
    does: 'Measures value and gradient by a pool of worker threads: CPU time and time by the clock for a pose, with 1, 2 and so many threads as there are cores, without a pool, and by PyTorch with all cores. Times by the clock need free cores.',
    takes: 'about ten minutes',
    writes: 'a report',
    sources: ['threaded.ts', 'threaded-worker.ts'],
    peers: ['PyTorch'],
    out: 'bench/report/parallel.md',
    rounds: 7,
    more: program =>
      program.option('--only <workload>', `one of ${workloads.map(({ name }) => name).join(', ')}`),
  },
  async ({ options, programs, rounds, next, peer }) => {
    const rows: string[][] = [];
    for (const { name, title, poses, chunk, perTape = 1, isLight, isOurs } of workloads.filter(each =>
      [each.name, undefined].includes(options.only),
    )) {
      next(title);
      const counts = [...new Set([0, 1, 2, cores])];
      const both = counts.flatMap(threads =>
        threads && isLight ? [[threads], [threads, 'load']] : [[threads]],
      );
      const ways: Way[] = (both as [number, 'load'?][]).map(([threads, load]) => {
        const args = [name, threads, poses, chunk, perTape, ...(load ? [load] : [])];
        const start = () => programs.start('threaded.ts', args, { isPinned: threads < 2 });
        const count = threads === 0 ? 'no pool' : `${threads} thread${threads > 1 ? 's' : ''}`;
        const by = load ? `${count}, poses by load` : count;
        return { by, threads, start: () => [start()], side: { name: by, start, work: name } };
      });
      const strategy = perTape > 1 ? 'batched' : 'stream';
      const all = peer('PyTorch', name, strategy, poses, 'cpu', perTape);
      const share = peer('PyTorch', name, strategy, poses / cores, 'cpu', perTape);
      if (!isOurs && all.start && share.start) {
        const [begin, each] = [all.start, share.start];
        const side = { ...all, work: name };
        ways.push({
          by: 'PyTorch, threads on all cores',
          start: () => [begin(threadsOf(cores), false)],
          side,
        });
        ways.push({
          by: 'PyTorch, a process a core',
          start: () => Array.from({ length: cores }, () => each(undefined, false)),
          side: { ...share, work: `${name}, a share` },
        });
      }
      const found = await turns(ways, rounds);
      const [none, one] = found as [Round, Round];
      const oneLoad = found[ways.findIndex(({ by }) => by === '1 thread, poses by load')] ?? one;
      const fastest = Math.min(
        ...found.filter((_, at) => (ways[at]?.threads ?? 0) > 0).map(({ wall }) => wall),
      );
      for (const [at, { cpu, wall }] of found.entries()) {
        const { by, threads } = ways[at] as Way;
        rows.push([
          at === 0 ? title : '',
          by,
          digits(cpu),
          threads ? `${digits(cpu / none.cpu)} ×` : '',
          digits(wall),
          threads ? `${digits(none.wall / wall)} ×` : '',
          threads !== undefined && threads > 1
            ? `${digits((by.endsWith('load') ? oneLoad : one).wall / wall)} ×`
            : '',
          threads === undefined ? `${digits(wall / fastest)} ×` : '',
        ]);
      }
    }
    return {
      title: 'Threads',
      about:
        'Milliseconds a pose for value and gradient, medians of rounds that take turns. CPU time is that of all threads of the process; what a pool adds to it is sending poses and sums, and merging. With load, the workers have the poses, and their numbers are sent. By the clock, cores that others use are missing: figures hold for a quiet machine. PyTorch runs its operations on as many threads as there are cores, or in as many processes, each of which scores its share of the poses at the same time.',
      sections: [
        {
          title: '',
          head: [
            'workload',
            'by',
            'CPU ms',
            '/ no pool',
            'clock ms',
            'no pool /',
            '1 thread /',
            '/ fastest pool',
          ],
          rows,
          names: 2,
        },
      ],
    };
  },
);

/** Asks processes for their rounds in turn; those of one way at once. */
async function turns(ways: readonly Way[], rounds: number): Promise<Round[]> {
  const started = ways.map(({ side, start }) => ({ side, processes: start() }));
  try {
    for (const { side, processes } of started)
      for (const process of processes) agreed(side, await process.ask<Answer>('check'));
    const all: Round[][] = ways.map(() => []);
    for (let i = 0; i < rounds; i++)
      for (const [at, { processes }] of started.entries()) {
        const found = await Promise.all(processes.map(process => process.ask<Round>('round')));
        all[at]?.push({
          cpu: found.reduce((sum, { cpu }) => sum + cpu, 0) / found.length,
          wall: Math.max(...found.map(({ wall }) => wall)) / found.length,
        });
      }
    return all.map(each => ({
      cpu: median(each.map(({ cpu }) => cpu)),
      wall: median(each.map(({ wall }) => wall)),
    }));
  } finally {
    for (const { processes } of started) for (const process of processes) await process.stop();
  }
}
