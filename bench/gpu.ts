/**
 * The same tapes on the GPU, through gpu.js, beside `jit()` on the CPU: time of a pose and where it goes, and device memory,
 * by backend. Writes bench/report/gpu.md.
 *
 *     npm run bench:gpu
 *     npm run bench:gpu -- --help
 *
 * Backends that are not there are named, with the reason. On a machine with a GPU, PyTorch runs beside on the same.
 */
import { Option } from 'commander';
import { type Contestant, type Row, rendererHere, startContestant } from './gpu/contestant.ts';
import {
  type Facts,
  phases,
  type Renderer,
  renderers,
  type Times,
  type WorkloadName,
  workloadNames,
} from './gpu/names.ts';
import { gpuReport, type Measurement, type Peer } from './gpu/report.ts';
import { isInstalled, startPeer, torchHasGpu } from './peers/find.ts';
import type { Answer } from './subject.ts';
import { type Bench, bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import type { Programs } from './support/measured.ts';
import { digits } from './support/text.ts';
import { workloadFolder } from './workloads/files.ts';

const rows: readonly Row[] = [
  { engine: 'webgpu', place: 'Node' },
  { engine: 'webgpu', place: 'Chromium' },
  { engine: 'webgl2', place: 'Chromium' },
  { engine: 'webasm', place: 'Node' },
  { engine: 'cpu', place: 'Node' },
  { engine: 'jit', place: 'Node' },
];
/** Numbers of poses; a software renderer is slow, so there are few. */
const counts: Readonly<Record<WorkloadName, number>> = {
  network: 1,
  list: 16,
  dense: 4,
  vina: 16,
  schnet: 8,
  tiny: 2,
};
/** Fresh starts, to see what the first pose takes; one that takes longer than so many milliseconds is made once. */
const starts = { most: 3, limit: 5000 };
/** Of the second pose: what the first takes more is lost in its noise if it is less. */
const leastCompile = 1 / 3;
/** Milliseconds that the rounds of one engine may take in all. */
const roundsLimit = 20_000;

interface Options {
  readonly workload: readonly WorkloadName[];
  readonly adapter: Renderer | 'auto';
}

const found: Measurement[] = [];
const peers: Peer[] = [];
let renderer: Renderer;

await bench<Options>(
  {
    script: 'bench:gpu',
    does: 'Measures the backends of gpu.js, and jit() beside them: time of a pose and where it goes, and device memory. Backends that are not there are named, with the reason; on a machine with a GPU, PyTorch runs beside on the same.',
    takes: 'about ten minutes without a GPU, less with one',
    writes: 'a report',
    sources: ['gpu/subject.ts'],
    out: 'bench/report/gpu.md',
    rounds: 5,
    more: command =>
      command
        .addOption(
          new Option('--workload <names...>', 'what to measure')
            .choices(workloadNames)
            .default(workloadNames, 'all of them'),
        )
        .addOption(
          new Option(
            '--adapter <kind>',
            'what WebGPU runs on: the machine’s GPU, or the software renderer of Chromium; auto takes the GPU if there is one',
          )
            .choices(['auto', ...renderers])
            .default('auto'),
        ),
  },
  async context => {
    const { options, programs, rounds, by, next } = context;
    next('which GPU is there');
    renderer = options.adapter === 'auto' ? await rendererHere(programs) : options.adapter;
    for (const workload of options.workload) await measure(workload, context);
    const figures = found.map(({ workload, row, ...rest }) => ({
      what: `${workload}, ${row.engine} in ${row.place}`,
      shown:
        'time' in rest
          ? `CPU ms a pose: ${digits(rest.time.cpu ?? Number.NaN)}; wall: ${digits(rest.time.wall)}`
          : rest.reason,
    }));
    return { text: gpuReport({ found, peers, renderer, rounds, by }), figures };
  },
);

/** An engine that has run all poses once, and has yet to be timed. */
interface Running {
  readonly row: Row;
  readonly contestant: Contestant;
  readonly facts: Facts;
  readonly compile: number;
  readonly times: Times[];
}

async function measure(workload: WorkloadName, { programs, rounds, next }: Bench<Options>): Promise<void> {
  const running: Running[] = [];
  try {
    for (const row of rows) {
      next(`${workload}, ${row.engine} in ${row.place}`);
      if (workload === 'tiny' && row.engine === 'jit') continue;
      try {
        running.push(await started(row, workload, programs));
      } catch (error) {
        found.push({ workload, row, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    for (let i = 0; i < rounds; i++) {
      for (const { contestant, times } of running) {
        const perRound = (times[0]?.wall ?? 0) * (times[0]?.poses ?? 0);
        if (perRound * times.length < roundsLimit) times.push(await contestant.round());
      }
    }
    const poses = counts[workload];
    for (const { row, facts, compile, times, contestant } of running) {
      const { version } = contestant;
      const time = medianOf(times);
      const bestWall = Math.min(...times.map(({ wall }) => wall));
      found.push({
        workload,
        row,
        facts,
        compile,
        time,
        bestWall,
        poses,
        rounds: times.length,
        ...(version && { version }),
      });
    }
  } finally {
    for (const { contestant } of running) await contestant.stop();
  }
  if (renderer === 'hardware') await measurePeer(workload, programs, rounds);
}

/** The first pose is taken in fresh processes, as a driver remembers what it compiled; the last of them goes on. */
async function started(row: Row, workload: WorkloadName, programs: Programs): Promise<Running> {
  const compiles: number[] = [];
  for (;;) {
    const contestant = await startContestant(programs, row, workload, counts[workload], renderer);
    try {
      const { first, second } = await contestant.first();
      const more = first - second;
      compiles.push(more > second * leastCompile ? more : Number.NaN);
      if (compiles.length === starts.most || first > starts.limit) {
        const facts = await contestant.facts();
        if (first < starts.limit) await contestant.warmUp();
        return { row, contestant, facts, compile: median(compiles), times: [] };
      }
    } catch (error) {
      await contestant.stop();
      throw error;
    }
    await contestant.stop();
  }
}

function medianOf(times: readonly Times[]): Times {
  const of = (read: (times: Times) => number) => median(times.map(read));
  const split = Object.fromEntries(phases.map(phase => [phase, of(each => each.phases[phase])]));
  return {
    wall: of(({ wall }) => wall),
    cpu: of(({ cpu = Number.NaN }) => cpu),
    phases: split as Times['phases'],
    poses: times[0]?.poses ?? 0,
  };
}

/** PyTorch on the GPU of this machine, where it has one. */
async function measurePeer(workload: WorkloadName, programs: Programs, rounds: number): Promise<void> {
  if (workload !== 'network' && workload !== 'list' && workload !== 'dense') return;
  if (!isInstalled('PyTorch') || !torchHasGpu()) return;
  const count = counts[workload];
  const process = startPeer('PyTorch', programs, await workloadFolder(), [workload, 'stream', count, 'cuda']);
  try {
    const { value, norm } = await process.ask<Answer>('check');
    const { name, peakBytes } = await process.ask<{ name: string; peakBytes: number }>('device');
    const { version } = await process.ask<{ version: string }>('version');
    const walls: number[] = [];
    const cpus: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const { wall, cpu } = await process.ask<{ wall: number; cpu: number }>('round');
      walls.push(wall);
      cpus.push(cpu);
    }
    peers.push({ workload, name, version, peakBytes, value, norm, wall: median(walls), cpu: median(cpus) });
  } finally {
    await process.stop();
  }
}
