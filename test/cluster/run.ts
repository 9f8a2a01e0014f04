/**
 * Runs the cluster examples while their workers are killed, and compares every result with that of one process.
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
    'Runs examples/cluster on a Slurm and a Redis of this machine, while a random worker is killed by kill -9 every few ' +
    'seconds, the scheduler restarted and killed by kill -9, or Redis killed by it; every result must be that of one process to the bit, and ' +
    'nothing may be left running. On Debian it needs, as root: apt-get install --no-install-recommends slurm-wlm munge ' +
    'redis-server. The queue installs BullMQ by npm ci in examples/cluster/queue.',
  takes: 'some two minutes, or twice the minutes given',
  writes: 'a line for each engine',
})
  .option('--minutes <count>', 'how long workers are killed on each engine', positive, 0.3)
  .option('--poses <count>', 'of each of six compounds', whole, 1200)
  .option('--chunk <poses>', 'poses that are summed together', whole, 600)
  .option('--workers <count>', 'workers of the queue; the array has three times as many tasks', whole, 2)
  .addOption(new Option('--engine <name>', 'only this').choices(Object.keys(engines)))
  .option('--seed <number>', 'of what is killed when', whole, Date.now() % 2 ** 31)
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

/** The generator of Numerical Recipes, 32 bits. */
let state = seed;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

/** Six compounds of the poses of imatinib, repeated. */
function makePoses(folder: string): void {
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
const where = { poses: join(root, 'poses') };
makePoses(where.poses);
console.log(`seed ${seed}`);
try {
  for (const name of engine ? [engine] : (Object.keys(engines) as EngineName[])) {
    const isFound = (tool: string) =>
      spawnSync('bash', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${tool}`]).status === 0;
    const { start, needs, packages } = engines[name];
    const missing = needs.filter(tool => !isFound(tool));
    if (missing.length > 0) {
      console.error(`${name}: not run, without ${missing.join(', ')}: apt-get install ${packages}`);
      process.exitCode = 1;
      continue;
    }
    if (!(await isSound(name, start))) process.exitCode = 1;
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function isSound(name: EngineName, start: (setting: Setting) => Promise<Engine>): Promise<boolean> {
  const folder = join(root, name);
  mkdirSync(folder);
  const processes = new Processes(`${name}-${process.pid}-${seed}`, random);
  const setting: Setting = { processes, folder, ...where, chunk, workers, random };
  const running = await start(setting);
  try {
    const { rounds, kills, seconds, differing } = await torment(running, setting, minutes);
    const times = seconds.map(each => each.toFixed(1)).join(', ');
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
