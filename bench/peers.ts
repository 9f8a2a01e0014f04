/**
 * The same work in other systems: workload A, a SchNet, and workload B, a Vina-like pair potential, each in float32 on one
 * core. Writes bench/report/peers.md. What is not installed is named, with how to get it.
 *
 *     npm run bench:peers
 *
 * $PEERS_DATA names a folder for the workloads' data; without it they lie with the system's temporary files.
 */
import { howToInstall, isInstalled, type PeerName, peerNames, startPeer } from './peers/find.ts';
import type { Answer, ProcessPeak, Way } from './subject.ts';
import { median } from './support/clock.ts';
import { asCalled, command, whole, writeReport } from './support/command.ts';
import { machine } from './support/machine.ts';
import { type Measured, Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import type { Round } from './support/serve.ts';
import { digits, table } from './support/text.ts';
import { workloadFolder } from './workloads/files.ts';

type System = 'posetape' | 'by hand' | PeerName;

/** A system with a way of doing the work. */
interface Row {
  readonly system: System;
  readonly way: Way;
  /** posetape's executor, or how jax-js is used. */
  readonly how?: 'jit' | 'wasm' | 'eager';
}

interface Comparison {
  readonly title: string;
  readonly workload: 'network' | 'dense' | 'list';
  readonly rows: readonly Row[];
  /** Numbers of poses: for time, and for memory. */
  readonly timed: number;
  readonly held: readonly number[];
}

const three = ['stream', 'stored', 'full-graph'] as const;
const two = ['stream', 'full-graph'] as const;
const rowsOf = (system: System, ways: readonly Way[], how?: Row['how']): Row[] =>
  ways.map(way => ({ system, way, ...(how && { how }) }));

const comparisons: readonly Comparison[] = [
  {
    title: 'A: SchNet, 300 atoms, 9600 edges, 68 thousand parameters',
    workload: 'network',
    rows: [
      ...rowsOf('posetape', three, 'wasm'),
      ...rowsOf('posetape', three, 'jit'),
      ...rowsOf('PyTorch', three),
      ...rowsOf('TensorFlow.js', two),
      ...rowsOf('jax-js', two, 'jit'),
    ],
    timed: 2,
    held: [1, 4, 16],
  },
  {
    title: 'B: 40 × 1000 pairs with a mask, 20 parameters',
    workload: 'dense',
    rows: [
      ...rowsOf('posetape', three, 'wasm'),
      ...rowsOf('posetape', three, 'jit'),
      ...rowsOf('by hand', ['hand']),
      ...rowsOf('PyTorch', three),
      ...rowsOf('TensorFlow.js', two),
      // Its jit cannot trace slices of the weights.
      ...rowsOf('jax-js', two, 'eager'),
    ],
    timed: 16,
    held: [4, 16, 64],
  },
  {
    title: 'B: only the pairs under the cutoff, from a list',
    workload: 'list',
    rows: [
      ...rowsOf('posetape', three, 'wasm'),
      ...rowsOf('posetape', three, 'jit'),
      ...rowsOf('by hand', ['hand']),
      ...rowsOf('PyTorch', three),
    ],
    timed: 64,
    held: [4, 64, 256],
  },
];
/** Allowed relative difference of answers, which are float32 sums in different orders. */
const closeEnough = 2e-4;

const script = 'bench:peers';
const { rounds, out } = command(script, {
  does: 'Does the same work in other systems, each in a process of its own on one core in float32: a SchNet and a pair potential by posetape, PyTorch, TensorFlow.js and jax-js. What is not installed is named, with how to get it. $PEERS_DATA names a folder for the data of the workloads; without it they lie with the temporary files of the system, and stay there.',
  takes: 'about ten minutes beside PyTorch alone, and longer with the others',
  writes: 'a report',
})
  .option('--rounds <count>', 'how many rounds go from process to process', whole, 5)
  .option('--out <file>', 'where the report goes', 'bench/report/peers.md')
  .parse()
  .opts<{ rounds: number; out: string }>();
const where = machine();

const missing = peerNames.filter(peer => !isInstalled(peer));
const present = (row: Row) => !missing.includes(row.system as PeerName);
const data = await workloadFolder();
const programs = await Programs.bundled('subject.ts');
const progress = new Progress(
  comparisons.reduce((sum, { rows }) => sum + rows.filter(present).length + 1, 0),
);
const sections: string[] = [];
const versions = new Map<string, string>();
try {
  for (const comparison of comparisons) sections.push(await compare(comparison));
} finally {
  progress.stop();
}
await writeReport(out, report());

function start({ system, way, how }: Row, workload: string, count: number): Measured {
  return system === 'posetape' || system === 'by hand'
    ? programs.start('subject.ts', [workload, way, count, ...(how ? [how] : [])])
    : startPeer(system, data, [workload, way, count, ...(how ? [how] : [])]);
}

function nameOf({ system, way, how }: Row): string {
  return way === 'hand' ? system : `${system}, ${way}${how ? `, ${how}` : ''}`;
}

async function compare({ title, workload, rows, timed, held }: Comparison): Promise<string> {
  const ways = rows.filter(present);
  const peaks = new Map<Row, (number | null)[]>();
  for (const row of ways) {
    progress.next(`${workload}, memory, ${nameOf(row)}`);
    const found: (number | null)[] = [];
    for (const count of held) {
      const process = start(row, workload, count);
      found.push((await process.ask<ProcessPeak>('peak')).processBytes);
      await process.stop();
    }
    peaks.set(row, found);
  }

  progress.next(`${workload}, time`);
  const running = ways.map(row => ({ row, process: start(row, workload, timed), times: [] as number[] }));
  try {
    const answers = new Map<Row, Answer>();
    for (const { row, process } of running) {
      answers.set(row, await process.ask<Answer>('check'));
      if (peerNames.includes(row.system as PeerName)) {
        versions.set(row.system, (await process.ask<{ version: string }>('version')).version);
      }
    }
    for (let i = 0; i < rounds; i++) {
      for (const { process, times } of running) times.push((await process.ask<Round>('round')).cpu);
    }
    const [first] = answers.values();
    const head = ['', 'CPU ms a pose', ...held.map(n => `MiB, N = ${n}`), 'ΔG', '|∂ΔG/∂θ|', 'agrees'];
    const body = running.map(({ row, times }) => {
      const answer = answers.get(row) as Answer;
      return [
        nameOf(row),
        digits(median(times)),
        ...(peaks.get(row) ?? []).map(mebibytes),
        answer.value.toFixed(4),
        digits(answer.norm),
        agree(answer, first as Answer) ? 'yes' : 'no',
      ];
    });
    return `## ${title}\n\nTime at N = ${timed}.\n\n${table(head, body)}\n`;
  } finally {
    for (const { process } of running) await process.stop();
  }
}

function mebibytes(peak: number | null): string {
  if (peak === null) return '–';
  return peak < 2 ** 20 ? '< 1' : digits(peak / 2 ** 20);
}

function agree(a: Answer, b: Answer): boolean {
  const isClose = (x: number, y: number) => Math.abs(x - y) <= closeEnough * Math.max(1, Math.abs(y));
  return isClose(a.value, b.value) && isClose(a.norm, b.norm);
}

function report(): string {
  const found = [...versions].map(([name, version]) => `${name} ${version}`);
  const absent = missing.map(peer => `- ${peer} is not installed: ${howToInstall[peer]}\n`);
  return `# Beside other systems

By \`${asCalled(script)}\` on ${where}${found.length > 0 ? `; ${found.join(', ')}` : ''}.
${absent.join('')}${absent.length > 0 ? '\n' : ''}Value and gradient of a smooth minimum over N poses, in float32, each system in a process of its own on one core. Time is
CPU time of all its threads, the median of ${rounds} rounds that go from process to process. Memory is the peak of the process in
its first run over what it held before; – where the system does not tell it, as only Linux does. posetape runs by \`wasm()\`
and by \`jit()\`; the strategies are those of [report.md](report.md); loops by hand are those of [hand/](../hand).

${sections.join('\n')}`;
}
