import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { howToInstall, isInstalled, type PeerName, startPeer } from '../peers/find.ts';
import type { ExecutorName, Way } from '../subject.ts';
import { workloadFolder } from '../workloads/files.ts';
import { writePoses } from '../workloads/ingredients.ts';
import { scratchFolder } from './at-end.ts';
import { type About, asCalled, command, whole, writeReport } from './command.ts';
import { type Figure, lineFigures, recordFigures } from './figures.ts';
import { machine } from './machine.ts';
import { type Measured, Programs } from './measured.ts';
import { Progress } from './progress.ts';
import { checkLines, type Line, type Side } from './rows.ts';

/** A benchmark: its command, and what it needs. */
export interface Setting extends About {
  /** By which `npm run` starts it. */
  readonly script: string;
  /** The sources of its processes. */
  readonly sources: readonly string[];
  /** The file of its report; without one it prints it. */
  readonly out?: string;
  readonly rounds?: number;
  /** True if its lines have targets. */
  readonly hasTargets?: true;
  /** Adds options or arguments. */
  readonly more?: (command: Command) => Command;
}

/** The tools of a benchmark. */
export interface Bench<Options> {
  readonly options: Options;
  readonly rounds: number;
  readonly out: string;
  /** `By npm run … on this machine`, for the head of the report. */
  readonly by: string;
  readonly programs: Programs;
  /** Tells what begins now. */
  next(step: string): void;
  /** A side that does a workload N times: posetape, a loop by hand. */
  ours(workload: string, way: Way, n: number, executor?: ExecutorName, posesPerTape?: number): Side;
  /** A piece of a pose's run, by bench/kernels.ts. */
  kernel(...args: readonly (string | number)[]): Side;
  /** The same work in another system, if it is installed. */
  peer(peer: PeerName, ...args: readonly (string | number)[]): Side;
  /** Name and version of a peer, and the library that multiplies its matrices if it has one; or that it is missing. */
  versionOf(peer: PeerName): Promise<string>;
}

/** A report, its figures for the table of all reports, and its lines with targets, which are figures too. */
export interface Report {
  readonly text: string;
  readonly figures?: readonly Figure[];
  readonly lines?: readonly Line[];
}

/** Reads the options of a benchmark, prepares its data and programs, does it, and writes its report. */
export async function bench<Options extends object>(
  setting: Setting,
  work: (bench: Bench<Options>) => Promise<Report>,
): Promise<void> {
  const { script, sources, hasTargets, more } = setting;
  let program = command(script, setting);
  if (setting.rounds !== undefined) {
    const text = 'how many rounds at most go from process to process';
    program = program.option('--rounds <count>', text, whole, setting.rounds);
  }
  if (setting.out) program = program.option('--out <file>', 'where the report goes', setting.out);
  if (hasTargets) program = program.option('--check', 'exit with 1 if a target is missed');
  program = more?.(program) ?? program;
  program.parse();
  const options = program.opts<Options & { rounds?: number; out?: string; check?: true }>();
  const by = `By \`${asCalled(script)}\` on ${machine()}`;
  const data = await workloadFolder();
  await writePoses(scratchFolder());
  const programs = await Programs.bundled(...sources);
  const progress = new Progress();
  try {
    const { rounds = 1, out = '' } = options;
    const made = await work({
      options: { ...options, args: program.processedArgs },
      rounds,
      out,
      by,
      programs,
      next: step => progress.next(step),
      ours: (workload, way, n, executor = 'jit', posesPerTape = 1) => ({
        name: `${workload}, ${way}, ${executor}, N = ${n}, ${posesPerTape} a tape`,
        start: () => programs.start('subject.ts', [workload, way, n, executor, posesPerTape]),
        ...(way !== 'loops' && { work: `${workload}, N = ${n}` }),
      }),
      kernel: (...args) => ({ name: args.join(' '), start: () => programs.start('kernels.ts', args) }),
      peer: (peer, workload, way, n, ...rest) => ({
        name: `${peer} ${[workload, way, n, ...rest].join(' ')}`,
        start: isInstalled(peer)
          ? () => startPeer(peer, programs, data, [workload, way, n, ...rest] as (string | number)[])
          : undefined,
        ...(!['matmul', 'exp', 'softplus'].includes(`${workload}`) && { work: `${workload}, N = ${n}` }),
      }),
      versionOf: async peer => {
        if (!isInstalled(peer)) return `${peer} is not installed: ${howToInstall[peer]}`;
        const how = peer === 'jax-js' ? ['eager'] : [];
        const { version, blas } = await asked<{ version: string; blas?: string }>(
          () => startPeer(peer, programs, data, ['dense', 'stream', 1, ...how]),
          'version',
        );
        return `${peer} ${version}${blas ? ` with ${blas}` : ''}`;
      },
    });
    progress.stop();
    const { text, lines = [], figures = lineFigures(lines) } = made;
    if (out) {
      await writeReport(out, text);
      await recordFigures(dirname(out), basename(out, '.md'), by, figures);
    } else console.log(text);
    checkLines(lines, options);
  } finally {
    progress.stop();
  }
}

/** Starts a process, asks it one thing and stops it. */
export async function asked<Answer>(start: () => Measured, question: string): Promise<Answer> {
  const process = start();
  try {
    return await process.ask<Answer>(question);
  } finally {
    await process.stop();
  }
}
