/**
 * Compares a tape per pose with the full graph, and several poses a tape between them: the Vina scorer on the 64
 * imatinib–Abl poses, repeated or cut to N. Writes bench/report/strategies.md and its chart.
 *
 *     npm run bench:strategies
 *
 * It is measured as `npm run bench` measures, in a process for each row; that one has more scorers, strategies and N.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Cell, type Found, foundIn, leastPoses, longRun, measureCells, type Way } from './cells.ts';
import { chart, colours, type Line } from './charts.ts';
import { bench } from './support/bench.ts';
import { wholes } from './support/command.ts';
import { figuresOf } from './support/figures.ts';
import { digits, table } from './support/text.ts';

type Kind = Pick<Way, 'strategy' | 'executor'>;
const kinds: readonly Kind[] = [
  { strategy: 'stream', executor: 'jit' },
  { strategy: 'recompute', executor: 'jit' },
  { strategy: 'full-graph', executor: 'jit' },
  { strategy: 'stream', executor: 'interpreter' },
  { strategy: 'recompute', executor: 'interpreter' },
  { strategy: 'full-graph', executor: 'interpreter' },
];
const grouped: readonly (Kind & Pick<Line, 'color' | 'dash' | 'symbol'>)[] = [
  { strategy: 'stream', executor: 'jit', color: colours.blue },
  { strategy: 'recompute', executor: 'jit', color: colours.green },
  { strategy: 'stream', executor: 'wasm', color: colours.sky, symbol: 'emptyDiamond', dash: [1.5, 3] },
  { strategy: 'stream', executor: 'interpreter', color: colours.blue, symbol: 'emptyCircle', dash: [5, 4] },
];
const graphs: typeof grouped = [
  { strategy: 'full-graph', executor: 'jit', color: colours.orange, symbol: 'none' },
  {
    strategy: 'full-graph',
    executor: 'interpreter',
    color: colours.orange,
    symbol: 'none',
    dash: [5, 4],
  },
];
const usualCounts = [64, 1024];

await bench<{ readonly poses: readonly number[] }>(
  {
    script: 'bench:strategies',
    does: 'Measures the three strategies on the Vina scorer, by jit() and by interpreter(), and for the largest N several poses a tape, from 1 to N: memory by the engine’s count and of the process, and CPU time.',
    takes: 'about three minutes',
    writes: 'a report, whose first table is that of the README, and its chart',
    sources: ['subject.ts'],
    out: 'bench/report/strategies.md',
    rounds: 5,
    more: command =>
      command.option('--poses <counts...>', 'numbers of poses N', wholes(usualCounts), usualCounts),
  },
  async ({ options: { poses }, programs, rounds, out, by, next }) => {
    const cells: Cell[] = [];
    for (const n of poses) {
      next(`N = ${n}`);
      const ways = kinds.map(kind => ({ ...kind, n }));
      cells.push(...(await measureCells('vina', ways, programs, rounds)));
    }
    const n = Math.max(...poses);
    const groups = [...new Set([1, 2, 4, 16, 64, 256, n])].filter(count => count <= n);
    for (const { strategy, executor } of grouped) {
      next(`several poses a tape: ${strategy} by ${executor}`);
      const ways = groups.map(posesPerTape => ({ strategy, executor, n, posesPerTape }));
      const others = ways.filter(way => !foundIn(cells, way));
      cells.push(...(await measureCells('vina', others, programs, rounds)));
    }
    const cellsOf = (way: Way): string[] => {
      const found = foundIn(cells, way);
      if (!found) return ['–', '–', '–', '–'];
      const { engineBytes, processBytes, time, cpu } = found;
      const process = processBytes === null ? '–' : digits(processBytes / 2 ** 20);
      return [engineBytes.toLocaleString('en'), process, digits(time), digits(cpu)];
    };
    const measures = ['engine peak, bytes', 'process peak, MiB', 'CPU ms per pose', 'in the first run'];
    const strategyRows = poses.flatMap(count =>
      kinds.map(kind => [`${count}`, kind.strategy, kind.executor, ...cellsOf({ ...kind, n: count })]),
    );
    const groupRows = grouped.flatMap(({ strategy, executor }) =>
      groups.map(posesPerTape => [
        `${posesPerTape}`,
        strategy,
        executor,
        ...cellsOf({ strategy, executor, n, posesPerTape }),
      ]),
    );

    const lines = (y: (found: Found) => number): Line[] =>
      [
        ...grouped.map(({ strategy, executor, ...style }) => ({
          ...style,
          name: `${strategy}, ${executor}`,
          points: groups.flatMap(posesPerTape => {
            const found = foundIn(cells, { strategy, executor, n, posesPerTape });
            return found ? [[posesPerTape, y(found)] as const] : [];
          }),
        })),
        ...graphs.map(({ strategy, executor, ...style }) => {
          const found = foundIn(cells, { strategy, executor, n });
          const points = found ? ([1, n] as const).map(x => [x, y(found)] as const) : [];
          return { ...style, name: `${strategy}, ${executor}`, points };
        }),
      ].filter(({ points }) => points.length > 0);
    const svg = out.replace(/(?:\.md)?$/, '.svg');
    const panel = { x: 'poses a tape, G', base: 4 };
    await mkdir(dirname(out), { recursive: true });
    await writeFile(
      svg,
      chart(`Vina scorer, N = ${n}: from a tape per pose to one of all`, [
        {
          ...panel,
          title: 'held by the engine, exact count',
          unit: 'KiB',
          lines: lines(({ engineBytes }) => engineBytes / 2 ** 10),
        },
        {
          ...panel,
          title: 'value and gradient, tape and all',
          unit: 'CPU ms per pose',
          lines: lines(({ time }) => time),
        },
      ]),
    );
    const figures = [
      ...figuresOf('Vina, N', ['N', 'strategy', 'executor', ...measures], strategyRows, 3),
      ...figuresOf(`Vina, N = ${n}, poses a tape`, ['G', 'strategy', 'executor', ...measures], groupRows, 3),
    ];
    const text = `# Strategies

${by}.

The Vina scorer, value and gradient of a smooth minimum in float64 (\`wasm\`: float32), on the 64 poses of imatinib in c-Abl,
repeated to N. Every row is a process of its own. The engine's peak is its exact count; the process's is over its baseline,
when it has scored ${leastPoses.vina} poses, N at a time; – where the system does not tell it, as only Linux does. Time is CPU time of all
threads, the median of up to ${rounds} rounds that go from process to process and come after the first run, which plans a full
graph if it is by \`jit\`. A run of more than ${longRun / 1000} s is made once.

The engine counts the arrays of its executors and of the accumulator's state. It leaves out the caller's arrays, the objects of
the tape, what was compiled, and predictions, at 24 B a pose unless \`keepPredictions: false\`.

${table(['N', 'strategy', 'executor', ...measures], strategyRows)}

## Several poses a tape

N = ${n}, of which G share a tape (\`posesPerTape\`): from one tape per pose to one of all. In the chart, level lines are the full
graph.

![Memory and time against the number of poses a tape](${basename(svg)})

${table(['G', 'strategy', 'executor', ...measures], groupRows)}
`;
    return { text, figures };
  },
);
