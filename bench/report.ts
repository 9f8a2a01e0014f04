/**
 * Compares a tape per pose with the full graph, in memory and time. Writes bench/report/report.md and its charts.
 *
 *     npm run bench
 *
 * Every combination of scorer, executor, strategy and number of poses runs in a process of its own.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Cell,
  executors,
  type Found,
  foundIn,
  leastPoses,
  longRun,
  measureCells,
  plansMuch,
  strategies,
  type Way,
} from './cells.ts';
import { chart, colours, type Line, type Panel } from './charts.ts';
import { type StageName, type Stages, stageNames, stagesTable, type TapeFacts } from './stages-table.ts';
import { asked, bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import { wholes } from './support/command.ts';
import { type Figure, figuresOf } from './support/figures.ts';
import { memoryLimit } from './support/machine.ts';
import type { Programs } from './support/measured.ts';
import type { Round } from './support/serve.ts';
import { bytes, digits, table } from './support/text.ts';
import { type ScorerName, scorerNames, scorerTitles } from './workloads/scorers.ts';

/** CPU milliseconds: a run that would take longer is left out. */
const limit = { jit: 20_000, wasm: 20_000, interpreter: 8000 };
const allCounts = [1, 4, 16, 64, 256, 1024];
const styles = {
  jit: { symbol: 'circle', dash: 'solid' },
  interpreter: { symbol: 'emptyCircle', dash: [5, 4] },
  wasm: { symbol: 'emptyDiamond', dash: [1.5, 3] },
} as const;
const colourOf = {
  stream: colours.blue,
  recompute: colours.green,
  stored: colours.pink,
  'full-graph': colours.orange,
} as const;
const kinds = executors.flatMap(executor => strategies.map(strategy => ({ executor, strategy })));

await bench<{ readonly poses: readonly number[] }>(
  {
    script: 'bench',
    does: 'Measures what a tape per pose costs against the full graph, by memory and by time, against the number of poses N, by scorer, strategy and executor; and where the time of a pose goes.',
    takes: 'about twenty minutes',
    writes: 'report.md, and beside it its charts',
    sources: ['subject.ts', 'stages.ts'],
    out: 'bench/report/report.md',
    rounds: 5,
    more: command =>
      command.option(
        '--poses <counts...>',
        'numbers of poses N, in rising order',
        wholes(allCounts),
        allCounts,
      ),
  },
  async ({ options, programs, rounds, out, by, next }) => {
    const counts = options.poses.toSorted((a, b) => a - b);
    const folder = dirname(out);
    await mkdir(folder, { recursive: true });
    const sections: string[] = [];
    const figures: Figure[] = [];
    for (const name of scorerNames) {
      const cells: Cell[] = [];
      for (const n of counts) {
        next(`${scorerTitles[name]}, N = ${n}`);
        const ways = kinds.map(kind => ({ ...kind, n, reason: reasonToSkip({ ...kind, n }, cells) }));
        const skipped = ways.flatMap(({ reason, ...way }) => (reason ? [{ ...way, found: reason }] : []));
        const others = ways.filter(({ reason }) => !reason);
        cells.push(...skipped, ...(await measureCells(name, others, programs, rounds)));
      }
      await writeFile(join(folder, `${name}.svg`), chartOf(name, cells));
      sections.push(section(name, counts, cells));
      const heads = ['', 'engine peak', 'process peak', 'CPU ms a pose'];
      const rows = cells.flatMap(({ strategy, executor, n, found }) =>
        typeof found === 'string'
          ? []
          : [
              [
                `${strategy}, ${executor}, N = ${n}`,
                bytes(found.engineBytes),
                bytes(found.processBytes),
                digits(found.time),
              ],
            ],
      );
      figures.push(...figuresOf(scorerTitles[name], heads, rows));
    }
    const stages = new Map<string, Stages>();
    for (const name of scorerNames) {
      next(`${scorerTitles[name]}, stage by stage`);
      stages.set(scorerTitles[name], await measureStages(name, programs, rounds));
    }
    return { text: report(by, rounds, sections, stages), figures };
  },
);

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

async function measureStages(name: ScorerName, programs: Programs, rounds: number): Promise<Stages> {
  const start = () => programs.start('stages.ts', [name]);
  const { cpu: cold } = await asked<Round>(start, 'cold');
  const process = start();
  const facts = await process.ask<TapeFacts>('facts');
  const times = new Map(stageNames.map(stage => [stage, [] as number[]]));
  for (let i = 0; i < rounds; i++)
    for (const [stage, found] of times) found.push((await process.ask<Round>(stage)).cpu);
  const { cpu: warm } = await process.ask<Round>('warm');
  await process.stop();
  const medians = Object.fromEntries([...times].map(([stage, found]) => [stage, median(found)]));
  return { facts, times: medians as Record<StageName, number>, plan: { cold, warm } };
}

// Charts and tables.

function panel(title: string, unit: string, cells: readonly Cell[], y: (found: Found) => number): Panel {
  const lines = kinds.map(
    ({ executor, strategy }): Line => ({
      name: `${strategy}, ${executor}`,
      color: colourOf[strategy],
      ...styles[executor],
      points: cells.flatMap(cell =>
        cell.executor === executor &&
        cell.strategy === strategy &&
        typeof cell.found !== 'string' &&
        y(cell.found) > 0
          ? [[cell.n, y(cell.found)] as const]
          : [],
      ),
    }),
  );
  return { title, unit, x: 'poses, N', base: 4, lines };
}

function chartOf(name: ScorerName, cells: readonly Cell[]): string {
  const mebibytes = (title: string, bytesOf: (found: Found) => number) =>
    panel(title, 'MiB', cells, found => bytesOf(found) / 2 ** 20);
  const panels = [
    mebibytes('held by the engine, exact count', ({ engineBytes }) => engineBytes),
    mebibytes('peak of the process over baseline', ({ processBytes }) => processBytes ?? 0),
    panel('value and gradient, tape and all', 'CPU ms per pose', cells, found => found.time),
  ];
  const known = panels.filter(({ lines }) => lines.some(({ points }) => points.length > 0));
  return chart(`${scorerTitles[name]} scorer: memory and time against the number of poses`, known);
}

function section(name: ScorerName, counts: readonly number[], cells: readonly Cell[]): string {
  const head = ['', ...counts.map(n => `N = ${n}`)];
  const rows = (show: (found: Found) => string) =>
    kinds.map(({ executor, strategy }) => [
      `${strategy}, ${executor}`,
      ...counts.map(n => {
        const found = foundIn(cells, { executor, strategy, n });
        return found ? show(found) : '–';
      }),
    ]);
  const first = cells.filter(
    cell => cell.executor === 'jit' && plansMuch(cell) && typeof cell.found !== 'string',
  );
  const planning = first.map(({ n, found }) => `${digits((found as Found).cpu)} at N = ${n}`);
  const title = scorerTitles[name];
  const measures = [
    ['Most bytes held at once, by the engine’s count:', found => bytes(found.engineBytes)],
    [
      'Peak of the process’s memory over its baseline; – where the system cannot set it back:',
      found => bytes(found.processBytes),
    ],
    ['CPU milliseconds per pose:', found => digits(found.time)],
  ] as readonly (readonly [string, (found: Found) => string])[];
  return `## ${title}

![Memory and time of the ${title} scorer against the number of poses](${name}.svg)

${measures.map(([what, show]) => `${what}\n\n${table(head, rows(show))}\n`).join('\n')}
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

function report(
  by: string,
  rounds: number,
  sections: readonly string[],
  stages: ReadonlyMap<string, Stages>,
): string {
  return `# What a tape per pose costs

${by}.

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

CPU microseconds a pose, by \`jit()\` in float64, each stage on its own:

${stagesTable(stages)}
`;
}
