// npm run bench:program: measures CPU time and memory of the program, as a user starts it, on many poses in a large receptor.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniform } from '../examples/networks/random.ts';
import { command, whole } from './support/command.ts';

const { poses: poseCount, atoms: atomCount } = command('bench:program', {
  does: 'Runs the program on one pose, then on many randomly shifted copies of the 64 example poses, in a receptor tiled from copies of the example pocket. Prints CPU time and peak memory of each run.',
  takes: 'half a minute',
  writes: 'no files',
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
  /** Returns a random shift of at most 0.3 Å along each axis. */
  const jitter = (): Shift => [0.6 * (random() - 0.5), 0.6 * (random() - 0.5), 0.6 * (random() - 0.5)];
  const receptor = write('receptor.pdbqt', tiled(pocket, atomCount));
  const many = write(
    'poses.pdbqt',
    Array.from({ length: poseCount }, (_, n) => shiftedModel(models, n, jitter())),
  );
  const one = write('pose.pdbqt', [models[0] as string]);

  const start = measure('one pose in the pocket', one, `${data}/pocket.pdbqt`);
  const full = measure(`${poseCount} poses in ${atomCount} atoms`, many, receptor);
  console.log(`after the start: ${(full.seconds - start.seconds).toFixed(2)} s CPU`);
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

/** Returns the line of an atom, shifted by a vector in Å. x, y and z are columns 31 to 54 of the line, 8 characters each. */
function shifted(line: string, shift: Shift): string {
  const coordinates = shift.map((by, axis) => {
    const from = 30 + 8 * axis;
    return (Number(line.slice(from, from + 8)) + by).toFixed(3).padStart(8);
  });
  return `${line.slice(0, 30)}${coordinates.join('')}${line.slice(54)}`;
}

function shiftedModel(models: readonly string[], n: number, shift: Shift): string {
  const lines = (models[n % models.length] as string).split('\n');
  return lines.map(line => (isAtom(line) ? shifted(line, shift) : line)).join('\n');
}

/** Returns the lines of `count` atoms. They are copies of the pocket, 28 Å apart along x; the first copy is not shifted. */
function tiled(pocket: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const copy = Math.floor(i / pocket.length);
    return `${shifted(pocket[i % pocket.length] as string, [28 * copy, 0, 0])}\n`;
  });
}

/** Runs the program as `npm start` does, and measures it including the process of tsx. */
function measure(what: string, poses: string, receptor: string): { readonly seconds: number } {
  const reportUsage = "process.on('exit', () => console.error(JSON.stringify(process.resourceUsage())))";
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...['node_modules/tsx/dist/cli.mjs', '--conditions=posetape:source', 'program/main.ts'],
      ...[poses, '--receptor', receptor, '--quiet'],
    ],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(reportUsage)}`,
      },
    },
  );
  if (status !== 0) throw new Error(stderr);
  const usages = stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as NodeJS.ResourceUsage);
  const seconds =
    usages.reduce((sum, { userCPUTime, systemCPUTime }) => sum + userCPUTime + systemCPUTime, 0) / 1e6;
  const megabytes = Math.max(...usages.map(({ maxRSS }) => maxRSS)) / 1024; // maxRSS is in KiB
  console.log(`${what}: ${seconds.toFixed(2)} s CPU, peak memory ${megabytes.toFixed(0)} MiB in one process`);
  return { seconds };
}
