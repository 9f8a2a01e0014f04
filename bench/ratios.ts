/**
 * Measures posetape's speed and memory as ratios, in one run on one core, each with its target. Writes
 * bench/report/ratios.md.
 *
 *     npm run bench:ratios
 *
 * Every figure is a median of rounds; what a ratio compares runs in processes of their own that take turns.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import type { Peak } from './cell.ts';
import type { Choice } from './matmul-subject.ts';
import { howToInstall, isInstalled, startPeer } from './peers/find.ts';
import type { EnginePeak, Planned, PlanTime, TapeFacts } from './pieces-subject.ts';
import { scratchFolder } from './support/at-end.ts';
import { median } from './support/clock.ts';
import { asCalled, command, whole, writeReport } from './support/command.ts';
import { aims, checkLines, equal, type Line, least, lineTable, most, ms, ratio } from './support/lines.ts';
import { machine } from './support/machine.ts';
import { interleaved, type Measured, Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import type { Round } from './support/serve.ts';
import { bytes, digits } from './support/text.ts';
import { posesFor } from './workloads/ensembles.ts';
import { workloadFolder } from './workloads/files.ts';
import { type ScorerName, scorerTitles } from './workloads/scorers.ts';

const script = 'bench:ratios';
const options = command(script, {
  does: 'Measures what posetape is to reach, as ratios, each held against its target: generated loops and whole poses against code written by hand and against PyTorch, where it is installed; matrix products; memory; and what comes before the loops.',
  takes: 'about four minutes',
  writes: 'a report',
})
  .option('--rounds <count>', 'how many rounds go from process to process', whole, 9)
  .option('--out <file>', 'where the report goes', 'bench/report/ratios.md')
  .option('--check', 'exit with 1 if a target is missed')
  .parse()
  .opts<{ rounds: number; out: string; check?: true }>();
const { rounds } = options;
const where = machine();
const freshProcesses = 5;
const poses = 64;

const data = await workloadFolder();
const programs = await Programs.bundled('subject.ts', 'matmul-subject.ts', 'pieces-subject.ts', 'cell.ts');
const scratch = scratchFolder();
const progress = new Progress(13);
const lines: Line[] = [];
try {
  lines.push(...(await pairLines()), ...(await matmulLines()), ...(await memoryLines()));
  lines.push(...(await tapeLines()), ...(await vinaLines()));
} finally {
  progress.stop();
}
await writeReport(options.out, report(lines));
checkLines(lines, options);

async function pairLines(): Promise<Line[]> {
  const hasTorch = isInstalled('PyTorch');
  const torch = (workload: string): [string, Measured][] =>
    hasTorch ? [['torch', startPeer('PyTorch', data, [workload, 'stream', poses])]] : [];
  const start = (workload: string, way: string): [string, Measured] => [
    way,
    programs.start('subject.ts', [workload, way, poses]),
  ];

  progress.next('workload B on pair lists');
  const list = await timed(['loops', 'stream', 'hand'].map(way => start('list', way)).concat(torch('list')));
  progress.next('workload B over all pairs');
  const dense = await timed(
    ['loops', 'stream', 'hand'].map(way => start('dense', way)).concat(torch('dense')),
  );
  const missing = `PyTorch is not installed: ${howToInstall.PyTorch}`;
  const against = (what: string, times: Times, target: number): Line => ({
    what,
    figures: hasTorch ? `PyTorch ${ms(times.torch)}, ours ${ms(times.stream)}` : missing,
    number: hasTorch ? ratio(times.torch, times.stream) : undefined,
    unit: '×',
    target: least(target),
  });
  return [
    compared('B, pair list: generated loop / by hand', list, 'loops', 'hand', most(1.2)),
    compared('B, pair list: whole pose, tape and all / by hand', list, 'stream', 'hand', most(2)),
    against('B, pair list: PyTorch / whole pose', list, 2.5),
    compared('B, all pairs: generated loop / by hand', dense, 'loops', 'hand'),
    compared('B, all pairs: whole pose / by hand', dense, 'stream', 'hand'),
    against('B, all pairs, mask: PyTorch / whole pose', dense, 3),
  ];
}

async function matmulLines(): Promise<Line[]> {
  const found: Line[] = [];
  // The product itself, and those that its derivative rules record.
  for (const [transposes, m, k, n] of [
    ['NN', 9600, 64, 64],
    ['NT', 9600, 64, 64],
    ['TN', 64, 9600, 64],
    ['TT', 9600, 64, 64],
  ] as const) {
    progress.next(`matrix product ${transposes}`);
    const start = (way: string) => programs.start('matmul-subject.ts', [way, transposes, m, k, n]);
    const best = start('best');
    const { name } = await best.ask<Choice>('name');
    const ways: [string, Measured][] = [
      ['ours', start('ours')],
      ['best', best],
      ...(transposes === 'NN' ? [['plain', start('plain')] as [string, Measured]] : []),
    ];
    const times = await timed(ways);
    const speed = (cpu: number | undefined) =>
      `${digits((2 * m * k * n) / (cpu ?? Number.NaN) / 1e6)} GFLOP/s`;
    const plain = times.plain === undefined ? '' : `; three plain loops ${speed(times.plain)}`;
    found.push({
      what: `matmul ${m}×${k}×${n} ${transposes}: ours / best plain JavaScript`,
      figures: `ours ${speed(times.ours)}, tile ${name} ${speed(times.best)}${plain}`,
      number: ratio(times.ours, times.best),
      unit: '×',
      target: most(1.2),
    });
  }
  return found;
}

async function memoryLines(): Promise<Line[]> {
  progress.next('engine peak');
  const pieces = programs.start('pieces-subject.ts', ['vina']);
  const jit = await pieces.ask<EnginePeak>('jit peak');
  const interpreter = await pieces.ask<EnginePeak>('interpreter peak');
  await pieces.stop();
  const engine = (name: string, { pose, state, streamed }: EnginePeak): Line => ({
    what: `Vina, ${name}: engine peak at N = 256 / (largest pose + state)`,
    figures: `${streamed} B, ${pose} + ${state} B`,
    number: streamed / (pose + state),
    unit: '',
    target: equal(1),
  });
  const arena: Line = {
    what: 'Vina: peak of jit / of the interpreter, one pose',
    figures: `${jit.pose} B, ${interpreter.pose} B`,
    number: jit.pose / interpreter.pose,
    unit: '×',
    target: most(0.25),
  };
  const process: Line[] = [];
  for (const [scorer, executor] of [
    ['vina', 'interpreter'],
    ['vina', 'jit'],
    ['schnet', 'jit'],
  ] as const) {
    progress.next(`process peak, ${scorer} by ${executor}`);
    process.push(await processPeak(scorer, executor));
  }
  return [engine('jit', jit), engine('interpreter', interpreter), arena, ...process];
}

/** 256 poses both times, in calls of 4 and in one: the same work, so that only the number at a time differs. */
async function processPeak(scorer: ScorerName, executor: string): Promise<Line> {
  const file = join(scratch, scorer);
  await writeFile(file, serialize(await posesFor(scorer)));
  const peaks = new Map<number, number[]>([
    [4, []],
    [256, []],
  ]);
  for (let i = 0; i < freshProcesses; i++) {
    for (const [n, found] of peaks) {
      const cell = programs.start('cell.ts', [file, scorer, executor, 'stream', n, 256]);
      found.push((await cell.ask<Peak>('peak')).processBytes ?? Number.NaN);
      await cell.stop();
    }
  }
  const [few, many] = [...peaks.values()].map(median) as [number, number];
  return {
    what: `${scorerTitles[scorer]}, ${executor}: process peak over baseline, N = 256 / N = 4`,
    figures: `${bytes(many)}, ${bytes(few)}`,
    number: many / few,
    unit: '×',
    target: most(1.2),
  };
}

async function tapeLines(): Promise<Line[]> {
  const found: Line[] = [];
  for (const [tape, label] of [
    ['vina', 'Vina'],
    ['list', 'B, pair list'],
  ] as const) {
    progress.next(`tape of ${label}`);
    const cold: number[] = [];
    for (let i = 0; i < freshProcesses; i++) {
      const fresh = programs.start('pieces-subject.ts', [tape]);
      cold.push((await fresh.ask<PlanTime>('cold')).cpu);
      await fresh.stop();
    }
    const pieces = programs.start('pieces-subject.ts', [tape]);
    const { forward, values } = await pieces.ask<TapeFacts>('facts');
    const us: Record<string, number[]> = { 'record+gradient': [], key: [], layout: [] };
    for (let i = 0; i < rounds; i++) {
      for (const [name, times] of Object.entries(us)) {
        times.push(1000 * (await pieces.ask<Round>(name)).cpu);
      }
    }
    const warm = (await pieces.ask<PlanTime>('warm')).cpu;
    const planned = await pieces.ask<Planned>('planned');
    await pieces.stop();
    const [recorded, key, layout] = ['record+gradient', 'key', 'layout'].map(name => median(us[name] ?? []));
    const sum = (recorded ?? Number.NaN) + (layout ?? Number.NaN);
    const size = `whole tape: ${forward} values, ${values} with the gradient`;
    found.push(
      {
        what: `${label}: record + gradient + layout`,
        figures: `${size}; ${digits(recorded ?? Number.NaN)} + ${digits(layout ?? Number.NaN)} µs`,
        number: sum,
        unit: 'µs',
        target: most(100),
      },
      {
        what: `${label}: the structure key, beside that`,
        figures: 'read off the tape at each run',
        number: key,
        unit: 'µs',
      },
      {
        what: `${label}: plan + compile a new structure, cold process`,
        figures: `median of ${freshProcesses} processes`,
        number: median(cold),
        unit: 'ms',
        target: most(30),
      },
      {
        what: `${label}: plan + compile a new structure, warm process`,
        figures: 'first run − second run, after 1.5 s of them',
        number: warm,
        unit: 'ms',
        target: most(30),
      },
      {
        what: `${label}: structures planned after the first pose`,
        figures: `${planned.first} at the first of ${poses} poses, ${planned.all} in all`,
        number: planned.all - planned.first,
        unit: '',
        target: equal(0),
      },
    );
  }
  return found;
}

async function vinaLines(): Promise<Line[]> {
  progress.next('Vina by hand');
  const ways = ['loops', 'stream', 'hand'];
  const times = await timed(ways.map(way => [way, programs.start('subject.ts', ['vina', way, 64])]));
  return [
    compared('Vina, 64 poses: whole, tape and all / by hand', times, 'stream', 'hand', most(1.2)),
    compared('Vina, 64 poses: generated loops / by hand', times, 'loops', 'hand'),
  ];
}

type Times = Readonly<Record<string, number | undefined>>;

async function timed(subjects: readonly (readonly [string, Measured])[]): Promise<Times> {
  try {
    return Object.fromEntries(await interleaved(new Map(subjects), rounds));
  } finally {
    for (const [, subject] of subjects) await subject.stop();
  }
}

function compared(what: string, times: Times, a: string, b: string, target?: Line['target']): Line {
  const figures = `${ms(times[a])}, ${ms(times[b])}`;
  return { what, figures, number: ratio(times[a], times[b]), unit: '×', ...(target && { target }) };
}

function report(all: readonly Line[]): string {
  return `# Ratios

By \`${asCalled(script)}\` on ${where}.

CPU time of one core a pose, medians of ${rounds} interleaved rounds, each side in a process of its own; pairs in float32,
Vina in float64. Written by hand: [hand/](../hand). Lines without a target explain others. What \`wasm()\` was to reach is in
wasm-node*.md (\`npm run bench:wasm\`).

${aims}

${lineTable(all)}
`;
}
