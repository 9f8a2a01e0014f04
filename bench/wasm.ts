/**
 * Measures the speed of `wasm()` as ratios, in one run on one core, each with its target. Writes
 * bench/report/wasm-node20.md, or whichever Node runs it: from 22 on there is relaxed SIMD.
 *
 *     npm run bench:wasm
 *     npx -p node@24 npm run bench:wasm
 *
 * Every figure is a median of rounds; what a ratio compares runs in processes of their own that take turns.
 */
import { wasm } from 'posetape/wasm';
import { entrySizes } from '../scripts/entry-sizes.mjs';
import { howToInstall, isInstalled, startPeer } from './peers/find.ts';
import type { ProcessPeak } from './subject.ts';
import { asCalled, command, whole, writeReport } from './support/command.ts';
import { aims, checkLines, type Line, least, lineTable, most, ms, ratio } from './support/lines.ts';
import { machine } from './support/machine.ts';
import { interleaved, type Measured, Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import { bytes, digits } from './support/text.ts';
import type { Module } from './wasm-subject.ts';
import { workloadFolder } from './workloads/files.ts';

const script = 'bench:wasm';
const major = process.versions.node.split('.')[0];
const options = command(script, {
  does: 'Measures what wasm() is to reach, as ratios, each held against its target: against PyTorch, where it is installed, against what the processor can do with vectors of 128 bits, and against a loop written by hand. Node 22 and later have relaxed SIMD, and other targets; npx -p node@24 npm run bench:wasm runs them.',
  takes: 'about two minutes',
  writes: 'a report for each version of Node',
})
  .option('--rounds <count>', 'how many rounds go from process to process', whole, 11)
  .option('--out <file>', 'where the report goes', `bench/report/wasm-node${major}.md`)
  .option('--check', 'exit with 1 if a target is missed')
  .parse()
  .opts<{ rounds: number; out: string; check?: true }>();
const { rounds } = options;
const where = machine();
const entries = 16_384;
/** Of `ceiling` in wasm-subject.ts: a million times twelve multiply-adds of four lanes. */
const ceilingOperations = 8 * 12 * 1_000_000;
const { name } = wasm();
const isRelaxed = name.endsWith('relaxed');
const hasTorch = isInstalled('PyTorch');

const data = await workloadFolder();
const programs = await Programs.bundled('subject.ts', 'wasm-subject.ts');
const progress = new Progress(8);
const lines: Line[] = [];
try {
  for (const [transposes, m, k, n] of [
    ['NN', 9600, 64, 64],
    ['NT', 9600, 64, 64],
    ['TN', 64, 9600, 64],
  ] as const) {
    progress.next(`matrix product ${transposes}`);
    lines.push(...(await matmulLines(transposes, m, k, n)));
  }
  for (const kernel of ['exp', 'softplus'] as const) {
    progress.next(kernel);
    lines.push(await functionLine(kernel));
  }
  progress.next('workload A');
  lines.push(...(await networkLines()));
  progress.next('workload B');
  lines.push(...(await pairLines()));
  progress.next('planning');
  lines.push(...(await planLines()));
} finally {
  progress.stop();
}
const text = `# What wasm() reaches

By \`${asCalled(script)}\` on ${where}: \`${name}\`.

CPU time of one core, medians of ${rounds} interleaved rounds, each side in a process of its own; float32. PyTorch runs on one
thread with OpenBLAS, with whatever vectors the processor has; WebAssembly's are 128 bits wide. The ceiling is what twelve sums
in registers reach. Lines without a target explain others.

${aims}

${lineTable(lines)}
`;
await writeReport(options.out, text);
checkLines(lines, options);

type Times = Readonly<Record<string, number | undefined>>;

async function timed(subjects: Readonly<Record<string, Measured | undefined>>): Promise<Times> {
  const running = Object.entries(subjects).flatMap(([key, each]) => (each ? [[key, each] as const] : []));
  try {
    return Object.fromEntries(await interleaved(new Map(running), rounds));
  } finally {
    for (const [, subject] of running) await subject.stop();
  }
}

function torch(...args: readonly (string | number)[]): Measured | undefined {
  return hasTorch ? startPeer('PyTorch', data, args) : undefined;
}

async function matmulLines(transposes: string, m: number, k: number, n: number): Promise<Line[]> {
  const start = (...args: (string | number)[]) => programs.start('wasm-subject.ts', args);
  const times = await timed({
    ours: start('matmul', transposes, m, k, n),
    ceiling: start('ceiling'),
    blas: torch('matmul', transposes, m, k, n),
  });
  const speed = (operations: number, cpu = Number.NaN) => operations / cpu / 1e6;
  const ours = speed(2 * m * k * n, times.ours);
  const blas = speed(2 * m * k * n, times.blas);
  const ceiling = speed(ceilingOperations, times.ceiling);
  const least128 = Math.min(blas || Number.POSITIVE_INFINITY, ceiling);
  const what = `matmul ${m}×${k}×${n} ${transposes}`;
  const figures = `${digits(ours)}, ceiling ${digits(ceiling)}, OpenBLAS ${digits(blas)} GFLOP/s`;
  const share = transposes === 'TN' ? 0.75 : 0.9;
  const ofLesser: Line = {
    what: `${what}: ours / the lesser of OpenBLAS and the ceiling`,
    figures,
    number: ours / least128,
    unit: '×',
    ...(isRelaxed && { target: least(share) }),
  };
  const ofBlas: Line = {
    what: `${what}: ours / OpenBLAS`,
    figures: hasTorch ? figures : howToInstall.PyTorch,
    number: hasTorch ? ours / blas : undefined,
    unit: '×',
    ...(!isRelaxed && transposes === 'NN' && { target: least(0.65) }),
  };
  return [ofLesser, ofBlas];
}

async function functionLine(kernel: 'exp' | 'softplus'): Promise<Line> {
  const times = await timed({
    ours: programs.start('wasm-subject.ts', [kernel, entries]),
    torch: torch(kernel, 'none', entries),
  });
  const ns = (cpu = Number.NaN) => `${digits((1e6 * cpu) / entries)} ns`;
  return {
    what:
      kernel === 'exp'
        ? 'exp: ours / PyTorch, an entry in cache'
        : 'softplus and its derivative: ours / PyTorch’s softplus alone',
    figures: `${ns(times.ours)}, ${ns(times.torch)}`,
    number: ratio(times.ours, times.torch),
    unit: '×',
    ...((kernel === 'exp' || isRelaxed) && { target: most(kernel === 'exp' ? 1.5 : 1) }),
  };
}

async function networkLines(): Promise<Line[]> {
  const peak = programs.start('subject.ts', ['network', 'stream', 16, 'wasm']);
  const { processBytes } = await peak.ask<ProcessPeak>('peak');
  await peak.stop();
  const times = await timed({
    ours: programs.start('subject.ts', ['network', 'stream', 2, 'wasm']),
    loops: programs.start('subject.ts', ['network', 'loops', 2, 'wasm']),
    torch: torch('network', 'stream', 2),
  });
  return [
    {
      what: 'A, SchNet: whole pose / PyTorch',
      figures: `${ms(times.ours)}, ${ms(times.torch)}`,
      number: ratio(times.ours, times.torch),
      unit: '×',
      target: most(isRelaxed ? 0.9 : 1.2),
    },
    {
      what: 'A, SchNet: generated code and copies alone / PyTorch',
      figures: `${ms(times.loops)}, ${ms(times.torch)}`,
      number: ratio(times.loops, times.torch),
      unit: '×',
    },
    {
      what: 'A, SchNet: process peak over baseline at N = 16, MiB',
      figures: bytes(processBytes),
      number: processBytes === null ? undefined : processBytes / 2 ** 20,
      unit: '',
      target: most(60),
    },
  ];
}

async function pairLines(): Promise<Line[]> {
  const start = (way: string, executor: string) => programs.start('subject.ts', ['list', way, 64, executor]);
  const times = await timed({
    ours: start('stream', 'wasm'),
    loops: start('loops', 'wasm'),
    hand: start('hand', 'jit'),
    torch: torch('list', 'stream', 64),
  });
  return [
    {
      what: 'B, pair list: PyTorch / whole pose, tape and all',
      figures: `${ms(times.torch)}, ${ms(times.ours)}`,
      number: hasTorch ? ratio(times.torch, times.ours) : undefined,
      unit: '×',
      target: least(5),
    },
    {
      what: 'B, pair list: by hand in JavaScript / generated loop and copies',
      figures: `${ms(times.hand)}, ${ms(times.loops)}`,
      number: ratio(times.hand, times.loops),
      unit: '×',
      target: least(2),
    },
  ];
}

async function planLines(): Promise<Line[]> {
  const fresh = programs.start('wasm-subject.ts', ['plan']);
  const { bytes: module } = await fresh.ask<Module>('module');
  await fresh.stop();
  const { plan } = await timed({ plan: programs.start('wasm-subject.ts', ['plan']) });
  const { wasm: size } = await entrySizes();
  return [
    {
      what: 'A: plan, generate and instantiate a new structure, warm process',
      figures: `after 1.5 s of it; a module of ${bytes(module)}`,
      number: plan,
      unit: 'ms',
      target: most(30),
    },
    {
      what: 'the entry posetape/wasm beside posetape, minified, gzip, kB',
      figures: `${size} B`,
      number: size / 1000,
      unit: '',
      target: most(12),
    },
  ];
}
