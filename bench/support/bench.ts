import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { howToInstall, isInstalled, type PeerName, startPeer } from '../peers/find.ts';
import type { ExecutorName, Way } from '../subject.ts';
import { writePoses } from '../workloads/tasks.ts';
import { scratchFolder } from './at-end.ts';
import { type About, asCalled, command, whole } from './command.ts';
import { type Report, recordFigures, rendered } from './figures.ts';
import { machine } from './machine.ts';
import { type Measured, Programs } from './measured.ts';
import { Progress } from './progress.ts';
import type { Side } from './rows.ts';

/** A benchmark: its command, and what it needs. */
export interface Setting extends About {
  /** The name of its npm script. */
  readonly script: string;
  /** The sources of its processes. */
  readonly sources: readonly string[];
  /** Systems that it also measures, whose versions the report names. */
  readonly peers?: readonly PeerName[];
  /** The file of its report; if absent, the report is printed. */
  readonly out?: string;
  readonly rounds: number;
  /** Adds options or arguments. */
  readonly more?: (command: Command) => Command;
}

/** The tools of a benchmark. */
export interface Bench<Options> {
  readonly options: Options;
  readonly rounds: number;
  readonly programs: Programs;
  /** Reports the step that begins now. */
  next(step: string): void;
  /** A side that runs N poses of a workload with posetape or a hand-written loop. */
  ours(workload: string, way: Way, n: number, executor?: ExecutorName, posesPerTape?: number): Side;
  /** A side that runs a step of bench/kernels.ts. */
  kernel(...args: readonly (string | number)[]): Side;
  /** A side that does the same work in another system, if it is installed. */
  peer(peer: PeerName, ...args: readonly (string | number)[]): Side;
}

/** Reads the options of a benchmark, prepares its data and programs, runs it, and writes its report. */
export async function bench<Options extends object>(
  setting: Setting,
  work: (bench: Bench<Options>) => Promise<Report>,
): Promise<void> {
  const { script, sources, peers = [], more } = setting;
  const roundsText = 'the most interleaved rounds';
  let program = command(script, setting).option('--rounds <count>', roundsText, whole, setting.rounds);
  if (setting.out) program = program.option('--out <file>', 'file of the report', setting.out);
  program = more?.(program) ?? program;
  program.parse();
  const options = program.opts<Options & { rounds: number; out?: string }>();
  const here = `By \`${asCalled(script)}\` on ${machine()}`;
  const data = scratchFolder();
  await writePoses(data);
  const programs = await Programs.bundled(sources);
  const progress = new Progress();
  try {
    const { rounds, out } = options;
    const report = await work({
      options: { ...options, args: program.processedArgs },
      rounds,
      programs,
      next: step => progress.next(step),
      ours: (workload, way, n, executor = 'jit', posesPerTape = 1) => ({
        name: `${workload}, ${way}, ${executor}, N = ${n}, ${posesPerTape} a tape`,
        start: env => {
          const isOnDevice = executor.startsWith('gpu');
          const settings = { isPinned: !isOnDevice, env: { ...(isOnDevice && runtime), ...env } };
          return programs.start('subject.ts', [workload, way, n, executor, posesPerTape], settings);
        },
        ...(way !== 'loops' && { work: `${workload}, N = ${n}` }),
        mayFail: executor.startsWith('gpu'),
      }),
      kernel: (...args) => ({ name: args.join(' '), start: () => programs.start('kernels.ts', args) }),
      peer: (peer, workload, way, n, ...rest) => ({
        name: `${peer} ${[workload, way, n, ...rest].join(' ')}`,
        start: isInstalled(peer)
          ? (env, isPinned) =>
              startPeer(peer, programs, data, [workload, way, n, ...rest] as (string | number)[], {
                ...(env && { env }),
                ...(isPinned !== undefined && { isPinned }),
              })
          : undefined,
        ...(workload !== 'matmul' && { work: `${workload}, N = ${n}` }),
      }),
    });
    const versions: string[] = [];
    for (const peer of peers) versions.push(await versionOf(peer, programs, data));
    progress.stop();
    const by = [here, ...versions].join('; ');
    const chart = out && report.chart ? out.replace(/(?:\.md)?$/, '.svg') : undefined;
    const text = rendered(report, by, chart);
    if (out) {
      await mkdir(dirname(out), { recursive: true });
      await writeFile(out, text);
      await recordFigures(out, here, report.sections);
    }
    if (chart && report.chart) {
      const { chart: drawn } = await import('../charts.ts');
      await writeFile(chart, drawn(report.chart.title, report.chart.panels));
    }
    console.log(text);
  } finally {
    progress.stop();
  }
}

/** The environment of GPU drivers, which need a runtime folder. */
const runtime = { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() };

/** The name and version of a peer and of its BLAS library, or a note that it is not installed. */
async function versionOf(peer: PeerName, programs: Programs, data: string): Promise<string> {
  if (!isInstalled(peer)) return `${peer} is not installed: ${howToInstall[peer]}`;
  const start = () => startPeer(peer, programs, data, ['network', 'stream', 1]);
  const { version, blas } = await asked<{ version: string; blas?: string }>(start, 'version');
  return `${peer} ${version}${blas ? ` with ${blas}` : ''}`;
}

/** Starts a process, asks it one question and stops it. */
export async function asked<Answer>(start: () => Measured, question: string): Promise<Answer> {
  const process = start();
  try {
    return await process.ask<Answer>(question);
  } finally {
    await process.stop();
  }
}
