/**
 * What a tape per pose costs against the full graph, by memory and by time. Writes bench/report/report.md and its charts.
 *
 *     npm run bench
 *
 * Every combination of scorer, executor, strategy and number of poses runs in a process of its own.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import type { Peak } from './cell.ts';
import { type CellExecutor, type CellStrategy, executors, strategies } from './cell-names.ts';
import { chart, type Line } from './charts.ts';
import { type PieceName, pieceNames } from './piece-names.ts';
import type { PlanTime, TapeFacts } from './pieces-subject.ts';
import { median } from './support/clock.ts';
import { machine, memoryLimit } from './support/machine.ts';
import { type Measured, Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import type { Round } from './support/serve.ts';
import { bytes, digits, table } from './support/text.ts';
import { posesFor } from './workloads/ensembles.ts';
import { type ScorerName, scorerNames, scorerTitles } from './workloads/scorers.ts';

const counts = [1, 4, 16, 64, 256, 1024];
/** So many poses are scored before memory is read, if N is smaller: N alone is to make the difference. */
const leastPoses = { vina: 1024, schnet: 64 };
/** CPU milliseconds: a run that would take longer is left out; one that takes longer than `single` is run once. */
const limit = { jit: 20_000, wasm: 20_000, interpreter: 8000, single: 3000 };
const tries = { most: 5, cpu: 400 };
const folder = 'bench/report';

interface Cell {
  readonly executor: CellExecutor;
  readonly strategy: CellStrategy;
  readonly n: number;
  /** What was measured, or why it was not. */
  readonly found: Found | string;
}

interface Found extends Peak {
  /** CPU milliseconds a pose: the median of the rounds after the first run, which `cpu` is of. */
  readonly time: number;
}

/** Columns of the table of pieces. */
type Pieces = Readonly<Record<PieceName, number>> &
  TapeFacts & { readonly cold: number; readonly warm: number };

const programs = await Programs.bundled('cell.ts', 'pieces-subject.ts');
const scratch = await mkdtemp(join(tmpdir(), 'posetape-report-'));
const progress = new Progress(scorerNames.length * (counts.length + 1));
try {
  await mkdir(folder, { recursive: true });
  const sections: string[] = [];
  for (const name of scorerNames) {
    const cells = await measureAll(name);
    await writeFile(join(folder, `${name}-memory.svg`), memoryChart(name, cells));
    await writeFile(join(folder, `${name}-time.svg`), timeChart(name, cells));
    sections.push(section(name, cells));
  }
  const pieces = new Map<string, Pieces>();
  for (const name of scorerNames) {
    progress.next(`${scorerTitles[name]}, piece by piece`);
    pieces.set(scorerTitles[name], await measurePieces(name));
  }
  await writeFile(join(folder, 'report.md'), report(sections, pieces));
} finally {
  progress.stop();
  await programs.remove();
  await rm(scratch, { recursive: true, force: true });
}
console.log(`${folder}/report.md`);

async function measureAll(name: ScorerName): Promise<Cell[]> {
  const file = join(scratch, name);
  await writeFile(file, serialize(await posesFor(name)));
  const cells: Cell[] = [];
  for (const n of counts) {
    progress.next(`${scorerTitles[name]}, N = ${n}`);
    const ways = executors.flatMap(executor => strategies.map(strategy => ({ executor, strategy, n })));
    cells.push(...(await measureTogether(name, file, ways, cells)));
  }
  return cells;
}

/** Memory in turn, one process each; then time, in rounds that go from process to process. */
async function measureTogether(
  name: ScorerName,
  file: string,
  ways: readonly Omit<Cell, 'found'>[],
  before: readonly Cell[],
): Promise<Cell[]> {
  const running: { way: Omit<Cell, 'found'>; process: Measured; peak: Peak; times: number[] }[] = [];
  const cells: Cell[] = [];
  try {
    for (const way of ways) {
      const reason = reasonToSkip(way, before);
      if (reason) {
        cells.push({ ...way, found: reason });
        continue;
      }
      const { executor, strategy, n } = way;
      const process = programs.start('cell.ts', [file, name, executor, strategy, n, leastPoses[name]]);
      const cell = { way, process, times: [] };
      try {
        running.push({ ...cell, peak: await process.ask<Peak>('peak') });
      } catch (error) {
        cells.push({ ...way, found: `it failed: ${error instanceof Error ? error.message : error}` });
      }
    }
    for (let i = 0; i < tries.most; i++) {
      for (const { way, process, peak, times } of running) {
        const perRun = (times[0] ?? peak.cpu) * way.n;
        // The first run of a full graph has planned it, so it says nothing of the next.
        const isFirst = times.length === 0 && (perRun < limit.single || plansMuch(way));
        if (isFirst || (times.length > 0 && perRun * times.length < tries.cpu)) {
          times.push((await process.ask<Round>('round')).cpu);
        }
      }
    }
    for (const { way, peak, times } of running) {
      cells.push({ ...way, found: { ...peak, time: times.length > 0 ? median(times) : peak.cpu } });
    }
    return cells;
  } finally {
    for (const { process } of running) await process.stop();
  }
}

function plansMuch({ executor, strategy }: Omit<Cell, 'found'>): boolean {
  return executor !== 'interpreter' && strategy === 'full-graph';
}

/** Four times the poses of the N before take four times as long; and, in a full graph, four times the memory. */
function reasonToSkip(
  { executor, strategy, n }: Omit<Cell, 'found'>,
  before: readonly Cell[],
): string | undefined {
  const last = before.findLast(cell => cell.executor === executor && cell.strategy === strategy);
  if (!last) return undefined;
  if (typeof last.found === 'string') return last.found;
  const cpu = Math.max(last.found.time, last.found.cpu) * n;
  if (cpu > limit[executor]) return `one run would take ${Math.round(cpu / 1000)} s or more`;
  const memory = (last.found.processBytes * n) / last.n;
  const grows = strategy === 'full-graph' && memory > memoryLimit();
  return grows ? `it would take about ${bytes(memory)}` : undefined;
}

async function measurePieces(name: ScorerName): Promise<Pieces> {
  const fresh = programs.start('pieces-subject.ts', [name]);
  const { cpu: cold } = await fresh.ask<PlanTime>('cold');
  await fresh.stop();
  const process = programs.start('pieces-subject.ts', [name]);
  const facts = await process.ask<TapeFacts>('facts');
  const times = new Map(pieceNames.map(piece => [piece, [] as number[]]));
  for (let i = 0; i < tries.most; i++) {
    for (const [piece, found] of times) found.push((await process.ask<Round>(piece)).cpu);
  }
  const { cpu: warm } = await process.ask<PlanTime>('warm');
  await process.stop();
  const medians = Object.fromEntries([...times].map(([piece, found]) => [piece, median(found)]));
  return { ...(medians as Record<PieceName, number>), ...facts, cold, warm };
}

// What is shown.

function linesOf(cells: readonly Cell[], y: (found: Found) => number): Line[] {
  const ways = executors.flatMap(executor => strategies.map(strategy => ({ executor, strategy })));
  return ways.map(way => ({
    ...way,
    points: cells.flatMap(({ executor, strategy, n, found }) =>
      executor === way.executor && strategy === way.strategy && typeof found !== 'string' && y(found) > 0
        ? [[n, y(found)] as const]
        : [],
    ),
  }));
}

function memoryChart(name: ScorerName, cells: readonly Cell[]): string {
  return chart(`${scorerTitles[name]} scorer: memory against the number of poses`, [
    {
      title: 'held by the engine, exact count',
      unit: 'MiB',
      lines: linesOf(cells, f => f.engineBytes / 2 ** 20),
    },
    {
      title: 'peak of the process over baseline',
      unit: 'MiB',
      lines: linesOf(cells, f => f.processBytes / 2 ** 20),
    },
  ]);
}

function timeChart(name: ScorerName, cells: readonly Cell[]): string {
  const lines = linesOf(cells, found => found.time);
  return chart(`${scorerTitles[name]} scorer: time per pose`, [
    { title: 'value and gradient, tape and all', unit: 'CPU ms per pose', lines },
  ]);
}

function section(name: ScorerName, cells: readonly Cell[]): string {
  const head = ['', ...counts.map(n => `N = ${n}`)];
  const rows = (show: (found: Found) => string) =>
    executors.flatMap(executor =>
      strategies.map(strategy => [
        `${strategy}, ${executor}`,
        ...counts.map(n => {
          const cell = cells.find(c => c.executor === executor && c.strategy === strategy && c.n === n);
          return cell && typeof cell.found !== 'string' ? show(cell.found) : '–';
        }),
      ]),
    );
  const first = cells.filter(
    cell => cell.executor === 'jit' && plansMuch(cell) && typeof cell.found !== 'string',
  );
  const planning = first.map(({ n, found }) => `${digits((found as Found).cpu)} at N = ${n}`);
  const title = scorerTitles[name];
  return `## ${title}

![Memory of the ${title} scorer against the number of poses](${name}-memory.svg)

Most bytes held at once, by the engine's count:

${table(
  head,
  rows(found => bytes(found.engineBytes)),
)}

Peak of the process's memory over its baseline:

${table(
  head,
  rows(found => bytes(found.processBytes)),
)}

![CPU time per pose of the ${title} scorer](${name}-time.svg)

CPU milliseconds per pose:

${table(
  head,
  rows(found => digits(found.time)),
)}

A full graph is one structure, which the jit plans and compiles at the first run; these take, in CPU milliseconds per pose,
${planning.join(', ')}.
${skipped(cells)}`;
}

function skipped(cells: readonly Cell[]): string {
  const left = cells.filter(({ found }) => typeof found === 'string');
  if (left.length === 0) return '';
  const lines = left.map(
    ({ executor, strategy, n, found }) => `- ${strategy}, ${executor}, N = ${n}: ${found}`,
  );
  return `\nNot measured:\n\n${lines.join('\n')}\n`;
}

function report(sections: readonly string[], pieces: ReadonlyMap<string, Pieces>): string {
  const names = [...pieces.keys()];
  const us = (time: number) => digits(1000 * time);
  const row = (what: string, show: (p: Pieces) => string) => [what, ...[...pieces.values()].map(show)];
  const rows = [
    row('record', p => us(p.record)),
    row('gradient', p => us(p['record+gradient'] - p.record)),
    row('structure key', p => us(p.key)),
    row('layout', p => us(p.layout)),
    row('loops', p => us(p.loops)),
    row('all of a pose, copies, checks and fold too', p => us(p.whole)),
    row('plan and compile a new structure, cold process', p => us(p.cold)),
    row('plan and compile a new structure, warm process', p => us(p.warm)),
    row('plan and compile, from the second pose on', () => '0'),
  ];
  const facts = row('', p => `${p.forward} values, ${p.values} with the gradient`);
  const made = row('', p => `${p.loops} loops, ${p.products} matrix products`);
  return `# What a tape per pose costs

By \`npm run bench\` on ${machine()}.

Two scorers on the 64 docked poses of imatinib in c-Abl, repeated to N: the Vina scoring function with its 6 weights, and
a SchNet of examples/schnet. Gradients of a smooth minimum in float64. The strategies: \`stream\` and \`recompute\`, which keep
one tape at a time; \`full-graph\`, one tape of all poses; and \`stored\`, which is the benchmark's own: one tape at a time,
but every pose's gradient kept until the end.

Every cell is a process of its own. Its baseline is what it has resident when all code has run once on a few atoms; then it
scores N poses, again until it has scored
${leastPoses.vina} (Vina) or ${leastPoses.schnet} (SchNet), and its peak is read. Time is CPU time
of all its threads, the median of up to ${tries.most} rounds that go from process to process; a run of more than
${limit.single / 1000} s is made once. Solid lines in the charts are \`jit()\`, dashed ones
\`interpreter()\`, dotted ones \`wasm()\`, which computes in float32.

See also [ratios.md](ratios.md), what was to be reached (\`npm run bench:ratios\`), and [peers.md](peers.md), other systems on
the same work (\`npm run bench:peers\`).

${sections.join('\n')}
## Where the time of a pose goes

CPU microseconds a pose, by \`jit()\` in float64, each piece on its own:

${table(['', ...names], [facts, made, ...rows])}
`;
}
