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

/** Settings of a benchmark. */
export interface Setting extends About {
  /** Name of its npm script. */
  readonly script: string;
  /** Sources of its measured processes, relative to bench/. */
  readonly sources: readonly string[];
  /** Other systems that it measures. The report names their versions. */
  readonly peers?: readonly PeerName[];
  /** Default file of its report. Without it, the report is only printed. */
  readonly out?: string;
  /** Default maximum number of rounds. */
  readonly rounds: number;
  /** Adds options or arguments to the command. */
  readonly more?: (command: Command) => Command;
}

/** Tools of a benchmark. */
export interface Bench<Options> {
  readonly options: Options;
  readonly rounds: number;
  readonly programs: Programs;
  /** Reports the step that begins now. */
  next(step: string): void;
  /** Returns a side that runs N poses of a workload with posetape or hand-written code. */
  ours(workload: string, way: Way, n: number, executor?: ExecutorName, posesPerTape?: number): Side;
  /** Returns a side that runs a step of bench/kernels.ts. */
  kernel(...args: readonly (string | number)[]): Side;
  /** Returns a side that does the same work in another system. It cannot be started if the system is not installed. */
  peer(peer: PeerName, ...args: readonly (string | number)[]): Side;
}

/** Reads the options of a benchmark, prepares its data and programs, runs it, and writes its report. */
export async function bench<Options extends object>(
  setting: Setting,
  work: (bench: Bench<Options>) => Promise<Report>,
): Promise<void> {
  const { script, sources, peers = [], more } = setting;
  const roundsText = 'maximum number of interleaved rounds';
  let program = command(script, setting).option('--rounds <count>', roundsText, whole, setting.rounds);
  if (setting.out) program = program.option('--out <file>', 'file of the report', setting.out);
  program = more?.(program) ?? program;
  program.parse();
  const options = program.opts<Options & { rounds: number; out?: string }>();
  const madeBy = `By \`${asCalled(script)}\` on ${machine()}`;
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
          const settings = { isPinned: !isOnDevice, env: { ...(isOnDevice && gpuEnvironment), ...env } };
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
    const by = [madeBy, ...versions].join('; ');
    const chart = out && report.chart ? out.replace(/(?:\.md)?$/, '.svg') : undefined;
    const text = rendered(report, by, chart);
    if (out) {
      await mkdir(dirname(out), { recursive: true });
      await writeFile(out, text);
      await recordFigures(out, madeBy, report.sections);
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

/** Environment variables for GPU drivers, which need a folder for files of the running session. */
const gpuEnvironment = { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() };

/** Returns the name and version of a peer and of its BLAS library, or a note on how to install it. */
async function versionOf(peer: PeerName, programs: Programs, data: string): Promise<string> {
  if (!isInstalled(peer)) return `${peer} is not installed: ${howToInstall[peer]}`;
  const start = () => startPeer(peer, programs, data, ['network', 'stream', 1]);
  const { version, blas } = await askOnce<{ version: string; blas?: string }>(start, 'version');
  return `${peer} ${version}${blas ? ` with ${blas}` : ''}`;
}

/** Starts a process, asks it one question and stops it. Returns the answer. */
export async function askOnce<Answer>(start: () => Measured, question: string): Promise<Answer> {
  const process = start();
  try {
    return await process.ask<Answer>(question);
  } finally {
    await process.stop();
  }
}
