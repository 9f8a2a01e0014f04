/**
 * Scores poses repeatedly with workers that are killed at random, and compares each result to the bit with one without
 * kills.
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
  does: 'Scores poses with workers, kills a random one every few seconds, and compares every result to the bit with that of a run without kills. One pose in a thousand is NaN and is left out. It fails if a result differs or the memory of the process grows.',
  takes: 'the given number of minutes, and at least two runs over the poses',
  writes: 'a short report to stdout',
};
const program = command('soak', about)
  .option('--poses <count>', 'number of poses in a run', whole, 1_000_000)
  .option('--minutes <count>', 'least duration', whole, 5)
  .option('--threads <count>', 'number of threads', whole, 2)
  .option('--kill <seconds>', 'seconds between kills', whole, 2)
  .parse();
const { poses, minutes, threads, kill } = program.opts<Record<string, number>>() as {
  poses: number;
  minutes: number;
  threads: number;
  kill: number;
};

// A bundle starts faster.
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
const alive = new Set<Worker>();
await using pool = workers({
  threads,
  posesPerChunk: 250,
  worker() {
    const worker = new Worker(outfile);
    // Kill it only after some answers: a chunk whose worker is killed twice is rightly an error.
    let answers = 0;
    worker.on('message', () => ++answers > 5 && alive.add(worker));
    worker.once('exit', () => alive.delete(worker));
    return worker;
  },
});

function* made(): Generator<Sent> {
  for (let i = 0; i < poses; i++) {
    const distances = Float64Array.of(3 + Math.sin(i), 3 + Math.cos(i), 2 + (i % 100) / 50);
    yield i % 1000 === 999 ? { distances, fault: 'is NaN' } : { distances };
  }
}

async function run(): Promise<Accumulator> {
  const { state, stats } = await accumulatePoses<Sent, Theta>({
    pool,
    poses: made(),
    params,
    combination: boltzmann({ kT: 0.5 }),
    badPose: 'skip',
  });
  const bad = Math.floor(poses / 1000);
  if (stats.poses !== poses - bad || stats.badPoses.length !== bad)
    throw new Error(`${stats.poses} poses were counted, and ${stats.badPoses.length} bad ones`);
  return state;
}

const head = machine();
const begin = performance.now();
const spent = () => (performance.now() - begin) / 60_000;
const expected = JSON.stringify(await run());
const sizes: number[] = [];
const sampling = setInterval(() => sizes.push(process.memoryUsage.rss() / 2 ** 20), 500);
let kills = 0;
const killing = setInterval(() => {
  const worker = [...alive][Math.floor(Math.random() * alive.size)];
  if (!worker) return;
  kills++;
  void worker.terminate();
}, 1000 * kill);
let runs = 0;
do {
  const found = JSON.stringify(await run());
  if (found !== expected) throw new Error(`run ${runs + 1}, after ${kills} kills, gave different bits`);
  runs++;
  console.error(
    `${spent().toFixed(1)} min  run ${runs}, ${kills} kills, ${Math.round(sizes.at(-1) ?? 0)} MiB`,
  );
} while (spent() < minutes);
clearInterval(sampling);
clearInterval(killing);

const half = sizes.length >> 1;
const [first, second] = [Math.max(...sizes.slice(0, half)), Math.max(...sizes.slice(half))];
console.log(`${runs} runs of ${poses.toLocaleString('en')} poses by ${threads} threads, on ${head}: ${kills} workers killed,
every result the same to the bit. Memory of the process at most ${Math.round(first)} MiB in the first half of the time, ${Math.round(second)} MiB in
the second.`);
if (second > first + 100) throw new Error('the memory of the process grows');
