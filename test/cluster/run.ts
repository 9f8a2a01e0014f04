/**
 * Runs the cluster examples while killing their workers, and compares every result with that of a single process.
 *
 *     npm run test:cluster
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { command, whole } from '../../bench/support/command.ts';
import { type Engine, type Setting, torment } from './engine.ts';
import { Processes } from './processes.ts';
import { queue } from './queue.ts';
import { slurm } from './slurm.ts';

const engines = {
  slurm: { start: slurm, needs: ['munged', 'slurmctld', 'slurmd', 'sbatch'], packages: 'slurm-wlm munge' },
  queue: { start: queue, needs: ['redis-server'], packages: 'redis-server' },
} as const;
type EngineName = keyof typeof engines;

const program = command('test:cluster', {
  does:
    'Runs examples/cluster on a Slurm and a Redis on this machine. Every few seconds it kills a random worker by kill -9; ' +
    'it also restarts and kills the scheduler of Slurm, and kills Redis. Every result must equal that of one process to the ' +
    'bit, and nothing may be left running. On Debian it needs, as root: apt-get install --no-install-recommends slurm-wlm munge ' +
    'redis-server. The queue installs BullMQ by npm ci in examples/cluster/queue.',
  takes: 'about two minutes, or twice --minutes',
  writes: 'a line for each engine',
})
  .option('--minutes <count>', 'minutes of runs with killed workers, for each engine', positive, 0.3)
  .option('--poses <count>', 'poses of each of six compounds', whole, 1200)
  .option('--chunk <poses>', 'poses in a chunk', whole, 600)
  .option(
    '--workers <count>',
    'workers of the queue; the array job of Slurm has three times as many tasks',
    whole,
    2,
  )
  .addOption(new Option('--engine <name>', 'run only this engine').choices(Object.keys(engines)))
  .option('--seed <number>', 'seed of the random kills', whole, Date.now() % 2 ** 31)
  .parse();
const { minutes, poses, chunk, workers, engine, seed } = program.opts<{
  minutes: number;
  poses: number;
  chunk: number;
  workers: number;
  engine?: EngineName;
  seed: number;
}>();

function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

let state = seed;
/** Random number from 0 to 1 by the 32-bit generator in the book Numerical Recipes. */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

/** Writes the input: six compounds of repeated poses of imatinib, their receptor and affinities. */
function makeInput(folder: string): void {
  const data = 'examples/vina/data/imatinib-abl';
  const models = readFileSync(`${data}/poses.pdbqt`, 'utf8').split(/(?=^MODEL)/m);
  mkdirSync(folder);
  copyFileSync(`${data}/pocket.pdbqt`, join(folder, 'pocket.pdbqt'));
  const names = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'];
  for (const [nth, name] of names.entries()) {
    const chosen = Array.from({ length: poses }, (_, i) => models[(7 * i + nth) % models.length]);
    writeFileSync(join(folder, `${name}.pdbqt`), chosen.join(''));
  }
  const rows = names.map((name, nth) => `${name},ki,${10 ** nth},nM`);
  writeFileSync(join(folder, 'affinities.csv'), ['ligand,measure,value,unit', ...rows, ''].join('\n'));
}

const root = mkdtempSync(join(tmpdir(), 'posetape-cluster-'));
const inputFolder = join(root, 'poses');
makeInput(inputFolder);
console.log(`seed ${seed}`);
try {
  for (const name of engine ? [engine] : (Object.keys(engines) as EngineName[])) {
    const isInstalled = (tool: string) =>
      spawnSync('bash', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`]).status === 0;
    const { start, needs, packages } = engines[name];
    const missing = needs.filter(tool => !isInstalled(tool));
    if (missing.length > 0) {
      console.error(`${name}: not run, without ${missing.join(', ')}: apt-get install ${packages}`);
      process.exitCode = 1;
      continue;
    }
    if (!(await passes(name, start))) process.exitCode = 1;
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Runs one engine, reports on it, and returns true if no result differs and some workers were killed. */
async function passes(name: EngineName, start: (setting: Setting) => Promise<Engine>): Promise<boolean> {
  const folder = join(root, name);
  mkdirSync(folder);
  const processes = new Processes(`${name}-${process.pid}-${seed}`, random);
  const setting: Setting = { processes, folder, poses: inputFolder, chunk, workers, random };
  const running = await start(setting);
  try {
    const { rounds, kills, seconds, differing } = await torment(running, setting, minutes);
    const times = seconds.map(time => time.toFixed(1)).join(', ');
    console.log(
      `${name}: ${rounds} runs in ${times} s, ${kills} workers killed, ${running.faults}; ` +
        (differing === 0 ? 'every result the same to the bit' : `${differing} results differ`),
    );
    return differing === 0 && kills > 0;
  } finally {
    await running.stop();
    const left = await processes.left();
    for (const { pid, command } of left) {
      console.error(`${name}: left running: ${command}`);
      process.kill(pid, 'SIGKILL');
    }
    if (left.length > 0) process.exitCode = 1;
  }
}
