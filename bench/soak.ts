/**
 * Scores poses repeatedly while workers are killed at random, and checks that each result is bit for bit that of a run
 * without kills.
 *
 *     npm run soak -- --poses 100000 --minutes 2
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { type Accumulator, accumulatePoses, boltzmann } from 'posetape/combine';
import { workers } from 'posetape/parallel';
import { params, type Sent, type Theta } from '../test/parallel/scorer.ts';
import { scratchFolder } from './support/at-end.ts';
import { command, whole } from './support/command.ts';
import { machine } from './support/machine.ts';

const about = {
  does: 'Scores poses repeatedly with workers, kills a random worker every few seconds, and checks that each result equals that of a run without kills to the bit. One pose in a thousand scores NaN and is skipped. Fails if a result differs or the memory of the process grows.',
  takes: 'at least the given number of minutes, and at least two runs over the poses',
  writes: 'a short report to stdout',
};
const program = command('soak', about)
  .option('--poses <count>', 'number of poses per run', whole, 1_000_000)
  .option('--minutes <count>', 'minimum duration', whole, 5)
  .option('--threads <count>', 'number of threads', whole, 2)
  .option('--kill <seconds>', 'seconds between kills', whole, 2)
  .parse();
const { poses, minutes, threads, kill } = program.opts<Record<string, number>>() as {
  poses: number;
  minutes: number;
  threads: number;
  kill: number;
};

// Workers start faster from a bundle.
const outfile = join(scratchFolder(), 'served.mjs');
await build({
  entryPoints: ['test/parallel/served.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['posetape:source'],
});
/** Workers that may be killed. */
const killable = new Set<Worker>();
await using pool = workers({
  threads,
  posesPerChunk: 250,
  worker() {
    const worker = new Worker(outfile);
    // A worker may be killed only after it has sent six answers. Otherwise workers could die twice at the same chunk, which
    // is an error by design.
    let answers = 0;
    worker.on('message', () => ++answers > 5 && killable.add(worker));
    worker.once('exit', () => killable.delete(worker));
    return worker;
  },
});

function* generatePoses(): Generator<Sent> {
  for (let i = 0; i < poses; i++) {
    const distances = Float64Array.of(3 + Math.sin(i), 3 + Math.cos(i), 2 + (i % 100) / 50);
    yield i % 1000 === 999 ? { distances, fault: 'is NaN' } : { distances };
  }
}

async function run(): Promise<Accumulator> {
  const { state, stats } = await accumulatePoses<Sent, Theta>({
    pool,
    poses: generatePoses(),
    params,
    combination: boltzmann({ kT: 0.5 }),
    badPose: 'skip',
  });
  const bad = Math.floor(poses / 1000);
  if (stats.poses !== poses - bad || stats.badPoses.length !== bad)
    throw new Error(
      `expected ${poses - bad} good and ${bad} bad poses, got ${stats.poses} and ${stats.badPoses.length}`,
    );
  return state;
}

const machineText = machine();
const start = performance.now();
const elapsedMinutes = () => (performance.now() - start) / 60_000;
const expected = JSON.stringify(await run());
/** Memory of the process in MiB, sampled every half second. */
const sizes: number[] = [];
const sampling = setInterval(() => sizes.push(process.memoryUsage.rss() / 2 ** 20), 500);
let kills = 0;
const killing = setInterval(() => {
  const worker = [...killable][Math.floor(Math.random() * killable.size)];
  if (!worker) return;
  kills++;
  void worker.terminate();
}, 1000 * kill);
let runs = 0;
do {
  const result = JSON.stringify(await run());
  if (result !== expected)
    throw new Error(`run ${runs + 1}, after ${kills} kills, differs from the run without kills`);
  runs++;
  console.error(
    `${elapsedMinutes().toFixed(1)} min  run ${runs}, ${kills} kills, ${Math.round(sizes.at(-1) ?? 0)} MiB`,
  );
} while (elapsedMinutes() < minutes);
clearInterval(sampling);
clearInterval(killing);

/** Allowed growth of memory, in MiB, from the first half of the time to the second. */
const tolerance = 100;
const half = Math.floor(sizes.length / 2);
const [first, second] = [Math.max(...sizes.slice(0, half)), Math.max(...sizes.slice(half))];
console.log(`${runs} runs of ${poses.toLocaleString('en')} poses with ${threads} threads, on ${machineText}: ${kills} workers killed,
every result the same to the bit. Peak memory of the process: ${Math.round(first)} MiB in the first half of the time, ${Math.round(second)} MiB in
the second.`);
if (second > first + tolerance) throw new Error('the memory of the process grows');
