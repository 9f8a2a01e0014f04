// npm run bench:program: CPU time and memory of the program on many poses in a large receptor, as a user starts it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniform } from '../examples/networks/random.ts';
import { command, whole } from './support/command.ts';

const { poses: poseCount, atoms: atomCount } = command('bench:program', {
  does: 'Scores one pose, and then many jittered copies of the 64 poses in a receptor made of copies of the pocket, in a process each, and prints CPU seconds and peak memory.',
  takes: 'half a minute',
  writes: 'nothing',
})
  .option('--poses <number>', 'number of poses', whole, 2000)
  .option('--atoms <number>', 'number of atoms of the receptor', whole, 2702)
  .parse()
  .opts<{ poses: number; atoms: number }>();

const data = 'examples/vina/data/imatinib-abl';
const folder = mkdtempSync(join(tmpdir(), 'posetape-program-'));
try {
  const pocket = readFileSync(`${data}/pocket.pdbqt`, 'utf8').split('\n').filter(isAtom);
  const models = readFileSync(`${data}/poses.pdbqt`, 'utf8')
    .split(/(?=^MODEL)/m)
    .filter(model => model.startsWith('MODEL'));
  const random = uniform(1);
  const jitter = (): Shift => [0.6 * (random() - 0.5), 0.6 * (random() - 0.5), 0.6 * (random() - 0.5)];
  const receptor = write('receptor.pdbqt', tiled(pocket, atomCount));
  const many = write(
    'poses.pdbqt',
    Array.from({ length: poseCount }, (_, n) => jittered(models, n, jitter())),
  );
  const one = write('pose.pdbqt', [models[0] as string]);

  const start = measured('one pose in the pocket', one, `${data}/pocket.pdbqt`);
  const whole = measured(`${poseCount} poses in ${atomCount} atoms`, many, receptor);
  console.log(`after start: ${(whole.seconds - start.seconds).toFixed(2)} s CPU`);
} finally {
  rmSync(folder, { recursive: true });
}

type Shift = readonly [number, number, number];

function isAtom(line: string): boolean {
  return /^(?:ATOM|HETATM)/.test(line);
}

function write(name: string, parts: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, parts.join(''));
  return path;
}

/** A line of an atom, moved in Å. */
function moved(line: string, shift: Shift): string {
  const coordinates = shift.map((by, axis) => {
    const from = 30 + 8 * axis;
    return (Number(line.slice(from, from + 8)) + by).toFixed(3).padStart(8);
  });
  return `${line.slice(0, 30)}${coordinates.join('')}${line.slice(54)}`;
}

function jittered(models: readonly string[], n: number, shift: Shift): string {
  const lines = (models[n % models.length] as string).split('\n');
  return lines.map(line => (isAtom(line) ? moved(line, shift) : line)).join('\n');
}

/** Copies of the pocket side by side, the first where it is. */
function tiled(pocket: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const copy = Math.floor(i / pocket.length);
    return `${moved(pocket[i % pocket.length] as string, [28 * copy, 0, 0])}\n`;
  });
}

/** Runs the program as `npm start` does; tsx is a process, too. */
function measured(what: string, poses: string, receptor: string): { readonly seconds: number } {
  const report = "process.on('exit', () => console.error(JSON.stringify(process.resourceUsage())))";
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...['node_modules/tsx/dist/cli.mjs', '--conditions=posetape:source', 'program/main.ts'],
      ...[poses, '--receptor', receptor, '--quiet'],
    ],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(report)}` },
    },
  );
  if (status !== 0) throw new Error(stderr);
  const usages = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as NodeJS.ResourceUsage);
  const seconds =
    usages.reduce((sum, { userCPUTime, systemCPUTime }) => sum + userCPUTime + systemCPUTime, 0) / 1e6;
  const megabytes = Math.max(...usages.map(({ maxRSS }) => maxRSS)) / 1024;
  console.log(`${what}: ${seconds.toFixed(2)} s CPU, ${megabytes.toFixed(0)} MiB at most in a process`);
  return { seconds };
}
