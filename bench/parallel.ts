/**
 * Measures a pool of 1, 2 and more threads, and compares it with no pool and with PyTorch on all cores. Writes
 * bench/report/parallel.md.
 *
 *     npm run bench:parallel
 */
import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import type { Answer } from './subject.ts';
import { bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import { blasThreads, type Measured } from './support/measured.ts';
import { agreement, type Side } from './support/rows.ts';
import type { Round } from './support/serve.ts';
import { digits } from './support/text.ts';

/**
 * Workloads with their numbers of poses, and of poses per chunk. The numbers are chosen so that a run takes half a second or
 * more and each thread gets several chunks. `alsoByLoad` workloads are also measured with poses that the workers load
 * themselves. `hasNoPeer` workloads are not compared with PyTorch.
 */
const workloads = [
  { name: 'network', title: 'SchNet, 300 atoms, 68 thousand parameters', poses: 64, chunk: 8 },
  { name: 'small', title: 'SchNet, 10 atoms, 456 thousand parameters', poses: 256, chunk: 32 },
  { name: 'list', title: 'pairs from a list', poses: 4096, chunk: 128, alsoByLoad: true },
  {
    name: 'pairs,1000',
    title: '1,000 pairs, 16 poses a tape',
    poses: 8192,
    chunk: 512,
    perTape: 16,
    alsoByLoad: true,
  },
  { name: 'vina', title: 'Vina, jit float64', poses: 1024, chunk: 64, alsoByLoad: true, hasNoPeer: true },
];

const checkAnswer = agreement();
const cores = availableParallelism();

/** Row of the table. Its processes, one or several, run at the same time, and each scores a share of the poses. */
interface Way {
  readonly by: string;
  readonly start: () => readonly Measured[];
  readonly side: Side;
  /** Number of threads of the pool, 0 without a pool; undefined for PyTorch. */
  readonly threads?: number;
}

await bench<{ only?: string }>(
  {
    script: 'bench:parallel',
    does: 'Measures value and gradient with a pool of 1, 2 and as many worker threads as there are cores, without a pool, and with PyTorch on all cores: CPU time and wall-clock time per pose. For reliable wall-clock times, all cores must be free.',
    takes: 'about ten minutes',
    writes: 'a report',
    sources: ['threaded.ts', 'threaded-worker.ts'],
    peers: ['PyTorch'],
    out: 'bench/report/parallel.md',
    rounds: 7,
    more: program =>
      program.addOption(
        new Option('--only <workload>', 'run only this workload').choices(workloads.map(({ name }) => name)),
      ),
  },
  async ({ options, programs, rounds, next, peer }) => {
    const rows: string[][] = [];
    for (const { name, title, poses, chunk, perTape = 1, alsoByLoad, hasNoPeer } of workloads.filter(
      ({ name }) => [name, undefined].includes(options.only),
    )) {
      next(title);
      const counts = [...new Set([0, 1, 2, cores])];
      const variants = counts.flatMap(threads =>
        threads && alsoByLoad ? [[threads], [threads, 'load']] : [[threads]],
      );
      const ways: Way[] = (variants as [number, 'load'?][]).map(([threads, load]) => {
        const args = [name, threads, poses, chunk, perTape, ...(load ? [load] : [])];
        const start = () => programs.start('threaded.ts', args, { isPinned: threads < 2 });
        const count = threads === 0 ? 'no pool' : `${threads} thread${threads > 1 ? 's' : ''}`;
        const by = load ? `${count}, poses by load` : count;
        return { by, threads, start: () => [start()], side: { name: by, start, work: name } };
      });
      const strategy = perTape > 1 ? 'batched' : 'stream';
      const all = peer('PyTorch', name, strategy, poses, 'cpu', perTape);
      const share = peer('PyTorch', name, strategy, poses / cores, 'cpu', perTape);
      if (!hasNoPeer && all.start && share.start) {
        const [startAll, startShare] = [all.start, share.start];
        const side = { ...all, work: name };
        ways.push({
          by: 'PyTorch, threads on all cores',
          start: () => [startAll(blasThreads(cores), false)],
          side,
        });
        ways.push({
          by: 'PyTorch, a process a core',
          start: () => Array.from({ length: cores }, () => startShare(undefined, false)),
          side: { ...share, work: `${name}, a share` },
        });
      }
      const times = await timeWays(ways, rounds);
      const [noPool, oneThread] = times as [Round, Round];
      const oneThreadByLoad =
        times[ways.findIndex(({ by }) => by === '1 thread, poses by load')] ?? oneThread;
      const fastest = Math.min(
        ...times.filter((_, at) => (ways[at]?.threads ?? 0) > 0).map(({ wall }) => wall),
      );
      for (const [at, { cpu, wall }] of times.entries()) {
        const { by, threads } = ways[at] as Way;
        rows.push([
          at === 0 ? title : '',
          by,
          digits(cpu),
          threads ? `${digits(cpu / noPool.cpu)} ×` : '',
          digits(wall),
          threads ? `${digits(noPool.wall / wall)} ×` : '',
          threads !== undefined && threads > 1
            ? `${digits((by.endsWith('load') ? oneThreadByLoad : oneThread).wall / wall)} ×`
            : '',
          threads === undefined ? `${digits(wall / fastest)} ×` : '',
        ]);
      }
    }
    return {
      title: 'Threads',
      about:
        'Milliseconds per pose for value and gradient, medians of interleaved rounds. CPU time is that of all threads of the process. The pool adds the cost of sending poses and sums, and of merging. With load, the workers have the poses, and only their numbers are sent. Wall-clock times are valid only if no other program used the cores. PyTorch runs its operations on as many threads as there are cores, or in as many processes, each of which scores its share of the poses at the same time.',
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

/** Times the ways in interleaved rounds, and returns the median of each. The processes of one way run at the same time. */
async function timeWays(ways: readonly Way[], rounds: number): Promise<Round[]> {
  const started = ways.map(({ side, start }) => ({ side, processes: start() }));
  try {
    for (const { side, processes } of started)
      for (const process of processes) checkAnswer(side, await process.ask<Answer>('check'));
    const roundsOf: Round[][] = ways.map(() => []);
    for (let i = 0; i < rounds; i++)
      for (const [at, { processes }] of started.entries()) {
        // Times are per pose of the share that a process scores.
        const shares = await Promise.all(processes.map(process => process.ask<Round>('round')));
        roundsOf[at]?.push({
          cpu: shares.reduce((sum, { cpu }) => sum + cpu, 0) / shares.length,
          wall: Math.max(...shares.map(({ wall }) => wall)) / shares.length,
        });
      }
    return roundsOf.map(times => ({
      cpu: median(times.map(({ cpu }) => cpu)),
      wall: median(times.map(({ wall }) => wall)),
    }));
  } finally {
    for (const { processes } of started) for (const process of processes) await process.stop();
  }
}
