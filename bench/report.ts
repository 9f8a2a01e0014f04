/**
 * Compares a tape per pose with the full graph, in memory and time. Writes bench/report/report.md and its charts.
 *
 *     npm run bench
 *
 * Every combination of scorer, executor, strategy and number of poses runs in a process of its own.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { executors, strategies } from './cell-names.ts';
import {
  type Cell,
  type Found,
  foundIn,
  leastPoses,
  longRun,
  measureCells,
  plansMuch,
  type Way,
} from './cells.ts';
import { chart, type Line, type Panel } from './charts.ts';
import { type PieceName, pieceNames } from './piece-names.ts';
import type { PlanTime, TapeFacts } from './pieces-subject.ts';
import { type Pieces, piecesTable } from './pieces-table.ts';
import { scratchFolder } from './support/at-end.ts';
import { median } from './support/clock.ts';
import { asCalled, command, whole, wholes, writeReport } from './support/command.ts';
import { machine, memoryLimit } from './support/machine.ts';
import { Programs } from './support/measured.ts';
import { Progress } from './support/progress.ts';
import type { Round } from './support/serve.ts';
import { bytes, digits, table } from './support/text.ts';
import { posesFor } from './workloads/ensembles.ts';
import { type ScorerName, scorerNames, scorerTitles } from './workloads/scorers.ts';

/** CPU milliseconds: a run that would take longer is left out. */
const limit = { jit: 20_000, wasm: 20_000, interpreter: 8000 };
const script = 'bench';
const allCounts = [1, 4, 16, 64, 256, 1024];

interface Options {
  readonly poses: readonly number[];
  readonly rounds: number;
  readonly out: string;
}

const options = command(script, {
  does: 'Measures what a tape per pose costs against the full graph, by memory and by time, against the number of poses N, by scorer, strategy and executor; and where the time of a pose goes.',
  takes: 'about twenty minutes',
  writes: 'report.md and its charts',
})
  .option('--poses <counts...>', 'numbers of poses N, in rising order', wholes(allCounts), allCounts)
  .option('--rounds <count>', 'how many rounds at most go from process to process', whole, 5)
  .option('--out <folder>', 'where the report and its charts go', 'bench/report')
  .parse()
  .opts<Options>();
const { rounds, out } = options;
const counts = options.poses.toSorted((a, b) => a - b);
const where = machine();

const programs = await Programs.bundled('cell.ts', 'pieces-subject.ts');
const scratch = scratchFolder();
const progress = new Progress(scorerNames.length * (counts.length + 1));
let text: string;
try {
  await mkdir(out, { recursive: true });
  const sections: string[] = [];
  for (const name of scorerNames) {
    const cells = await measureAll(name);
    await writeFile(join(out, `${name}-memory.svg`), memoryChart(name, cells));
    await writeFile(join(out, `${name}-time.svg`), timeChart(name, cells));
    sections.push(section(name, cells));
  }
  const pieces = new Map<string, Pieces>();
  for (const name of scorerNames) {
    progress.next(`${scorerTitles[name]}, piece by piece`);
    pieces.set(scorerTitles[name], await measurePieces(name));
  }
  text = report(sections, pieces);
} finally {
  progress.stop();
}
await writeReport(join(out, 'report.md'), text);

async function measureAll(name: ScorerName): Promise<Cell[]> {
  const file = join(scratch, name);
  await writeFile(file, serialize(await posesFor(name)));
  const cells: Cell[] = [];
  for (const n of counts) {
    progress.next(`${scorerTitles[name]}, N = ${n}`);
    const ways = executors.flatMap(executor => strategies.map(strategy => ({ executor, strategy, n })));
    const skipped = ways.flatMap(way => {
      const reason = reasonToSkip(way, cells);
      return reason === undefined ? [] : [{ ...way, found: reason }];
    });
    const others = ways.filter(way => reasonToSkip(way, cells) === undefined);
    const start = ({ executor, strategy }: Way) =>
      programs.start('cell.ts', [file, name, executor, strategy, n, leastPoses[name]]);
    const found = await measureCells(others, start, rounds);
    cells.push(...skipped, ...found);
  }
  return cells;
}

/** Four times the poses of the N before take four times as long; and, in a full graph, four times the memory. */
function reasonToSkip({ executor, strategy, n }: Way, before: readonly Cell[]): string | undefined {
  const last = before.findLast(cell => cell.executor === executor && cell.strategy === strategy);
  if (!last) return undefined;
  if (typeof last.found === 'string') return last.found;
  const cpu = Math.max(last.found.time, last.found.cpu) * n;
  if (cpu > limit[executor]) return `one run would take ${Math.round(cpu / 1000)} s or more`;
  const memory = ((last.found.processBytes ?? last.found.engineBytes) * n) / last.n;
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
  for (let i = 0; i < rounds; i++) {
    for (const [piece, found] of times) found.push((await process.ask<Round>(piece)).cpu);
  }
  const { cpu: warm } = await process.ask<PlanTime>('warm');
  await process.stop();
  const medians = Object.fromEntries([...times].map(([piece, found]) => [piece, median(found)]));
  return { facts, times: medians as Record<PieceName, number>, plan: { cold, warm } };
}

// Charts and tables.

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
  const panel = (title: string, bytesOf: (found: Found) => number): Panel => ({
    title,
    unit: 'MiB',
    lines: linesOf(cells, found => bytesOf(found) / 2 ** 20),
  });
  const engine = panel('held by the engine, exact count', ({ engineBytes }) => engineBytes);
  const process = panel('peak of the process over baseline', ({ processBytes }) => processBytes ?? 0);
  const title = `${scorerTitles[name]} scorer: memory against the number of poses`;
  return chart(title, cells.some(hasPeak) ? [engine, process] : [engine]);
}

function hasPeak({ found }: Cell): boolean {
  return typeof found !== 'string' && found.processBytes !== null;
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
          const found = foundIn(cells, { executor, strategy, n });
          return found ? show(found) : '–';
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

Peak of the process's memory over its baseline${cells.some(hasPeak) ? '' : ' (not known: only Linux can set a peak back)'}:

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
  return `# What a tape per pose costs

By \`${asCalled(script)}\` on ${where}.

Two scorers on the 64 docked poses of imatinib in c-Abl, repeated to N: the Vina scoring function with its 6 weights, and
a SchNet of examples/schnet. Gradients of a smooth minimum in float64. The strategies: \`stream\` and \`recompute\`, which keep
one tape at a time; \`full-graph\`, one tape of all poses; and \`stored\`, which is the benchmark's own: one tape at a time,
but every pose's gradient kept until the end.

Every cell is a process of its own. Its baseline is what it has resident when all code has run once on a few atoms; then it
scores N poses, again until it has scored
${leastPoses.vina} (Vina) or ${leastPoses.schnet} (SchNet), and its peak is read. Time is CPU time
of all its threads, the median of up to ${rounds} rounds that go from process to process; a run of more than
${longRun / 1000} s is made once. Solid lines in the charts are \`jit()\`, dashed ones
\`interpreter()\`, dotted ones \`wasm()\`, which computes in float32.

See also [ratios.md](ratios.md), what was to be reached (\`npm run bench:ratios\`), and [peers.md](peers.md), other systems on
the same work (\`npm run bench:peers\`).

${sections.join('\n')}
## Where the time of a pose goes

CPU microseconds a pose, by \`jit()\` in float64, each piece on its own:

${piecesTable(pieces)}
`;
}
