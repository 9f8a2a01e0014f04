// Measures and draws the ladder, a series of scorers of growing size, for bench:sizes and bench:gpu.

import { colours, type Line, type Panel } from './charts.ts';
import { torchHasGpu } from './peers/find.ts';
import type { ExecutorName } from './subject.ts';
import { bench, type Setting } from './support/bench.ts';
import { type Side, timed } from './support/rows.ts';
import { digits } from './support/text.ts';
import { ladderTask } from './workloads/ladder.ts';

/** Scorer of bench/workloads/ladder.ts, with numbers that describe its size. */
interface SizedScorer {
  readonly name: string;
  readonly title: string;
  readonly parameters: number;
  /** Number of input values of a pose. */
  readonly values: number;
  /** Position of the scorer on the horizontal axis of its panel. */
  readonly x: number;
  /** Rough count of the numbers that the tape of one pose holds. */
  readonly held: number;
  /** Rough number of arithmetic operations to score one pose with its gradient. */
  readonly operations: number;
  readonly hasHandVersion?: true;
  /** True if PyTorch has no batched version. */
  readonly isUnbatched?: true;
}

/** Scorers of one panel of the chart. */
interface Series {
  readonly title: string;
  readonly x: string;
  readonly scorers: readonly SizedScorer[];
}

const leastOf = (times: readonly number[]) => Math.min(...times.filter(Number.isFinite));
const withCommas = (number: number) => number.toLocaleString('en');

function pairsScorer(count: number): SizedScorer {
  const name = `pairs,${count}`;
  const sizes = { parameters: 20, values: count, x: count, held: count, operations: 30 * count };
  return { name, title: `${withCommas(count)} pairs`, ...sizes, hasHandVersion: true };
}

function denseScorer(
  x: 'parameters' | 'values' | 'layers',
  width: number,
  layers: number,
  rows: number,
): SizedScorer {
  const [parameters, values] = [layers * width ** 2, rows * width];
  // Each weight takes 6 operations per row: a multiply-add, which is 2 operations, in the forward product and in each of the
  // two products of the backward pass. In addition, each entry of the gradient is added to a sum over the poses. That costs
  // about as much as 100 operations of a matrix product.
  const operations = (6 * rows + 100) * parameters;
  return {
    name: `dense,${width},${layers},${rows}`,
    title: `${layers} layers of ${withCommas(width)}, ${withCommas(rows)} rows`,
    ...{ parameters, values, x: { parameters, values, layers }[x], held: values * layers, operations },
  };
}

function graphScorer(atoms: number, edges: number, features: number): SizedScorer {
  const title = `message passing, ${atoms} atoms, ${withCommas(edges)} edges, ${features} features`;
  // Rows of `features` parameters: 10 of the embedding, 8 of each of two filters, `features` of each of two mixing matrices,
  // and 1 for the output.
  const parameters = (10 + 2 * 8 + 2 * features + 1) * features;
  const [held, operations] = [10 * edges * features, 100 * edges * features + 12 * atoms * features ** 2];
  return {
    name: `graph,${atoms},${edges},${features}`,
    title,
    parameters,
    values: 8 * edges,
    x: edges,
    held,
    operations,
  };
}

function networkScorer(kind: 'painn' | 'gat', features: number, atoms: number): SizedScorer {
  const name = `${kind},${features},3,${atoms}`;
  const poseCount = 0; // only the parameters are needed
  const { params } = ladderTask(name, poseCount);
  const parameters = Object.values(params).reduce((total, { data }) => total + data.length, 0);
  const title = `${{ painn: 'PaiNN', gat: 'GAT' }[kind]}, 3 blocks of ${features}, ${atoms} atoms`;
  return { name, title, parameters, values: 3 * atoms, x: atoms, held: 0, operations: 0, isUnbatched: true };
}

const allSeries: readonly Series[] = [
  {
    title: 'pair potential, θ = 20',
    x: 'pairs of a pose',
    scorers: [10, 100, 1000, 10_000, 100_000, 1_000_000].map(pairsScorer),
  },
  {
    title: 'layers of growing width, 4 rows',
    x: 'parameters, θ',
    scorers: [
      ...[4, 16, 64, 256, 1000].map(width => denseScorer('parameters', width, 3, 4)),
      denseScorer('parameters', 1000, 10, 4),
    ],
  },
  {
    title: '3 to 300 layers of 16 × 16, 16 rows',
    x: 'layers',
    scorers: [3, 30, 100, 300].map(depth => denseScorer('layers', 16, depth, 16)),
  },
  {
    title: '3 layers of 64 × 64 on 1 to 15,625 rows',
    x: 'values of a pose',
    scorers: [1, 16, 256, 4096, 15_625].map(rows => denseScorer('values', 64, 3, rows)),
  },
  {
    title: 'two layers of message passing',
    x: 'edges of a pose',
    scorers: [graphScorer(30, 80, 16), graphScorer(100, 1000, 32), graphScorer(300, 9600, 64)],
  },
  { title: 'PaiNN', x: 'atoms', scorers: [networkScorer('painn', 16, 16), networkScorer('painn', 64, 64)] },
  { title: 'GAT', x: 'atoms', scorers: [networkScorer('gat', 16, 16), networkScorer('gat', 64, 64)] },
];
const isQuick = ({ name }: SizedScorer) => ['pairs,10', 'dense,4,3,4', 'graph,30,80,16'].includes(name);

/** Executor to measure. */
export interface Contestant {
  readonly name: ExecutorName;
  readonly title: string;
  readonly color: string;
}

/** Settings of a benchmark of the ladder. */
export interface LadderSetting extends Pick<Setting, 'script' | 'does' | 'takes'> {
  readonly executors: readonly Contestant[];
  readonly title: string;
  /** True if PyTorch may use a GPU. Times are then wall-clock times. */
  readonly isOnGpu?: true;
}

/**
 * Allowed relative difference between results of different systems. It is large because PyTorch adds up the slopes of a
 * million pairs one by one in float32, with large rounding errors.
 */
const closeEnough = 2e-3;
/** Limits on the numbers that a tape of several poses holds, and on its operations. Tapes beyond them are not measured. */
const limit = { held: 3e7, operations: 1e10 };

/** Measured milliseconds per pose, for one scorer and one number of poses per tape. `ours` has one time per executor. */
interface Cell {
  readonly scorer: SizedScorer;
  readonly perTape: number;
  readonly ours: readonly number[];
  readonly torch: number;
  readonly hand: number;
}

/** Measures the ladder with some executors and PyTorch, and writes its report. */
export function ladder(setting: LadderSetting): Promise<void> {
  const { executors, isOnGpu } = setting;
  const benchSetting: Setting = {
    ...setting,
    writes: 'a report and its chart',
    sources: ['subject.ts'],
    peers: ['PyTorch'],
    out: `bench/report/${setting.script.replace('bench:', '')}.md`,
    rounds: 3,
    more: command => command.option('--quick', 'measure only three small sizes, as a test'),
  };
  return bench<{ readonly quick?: true }>(
    benchSetting,
    async ({ options: { quick }, ours, peer, rounds, next }) => {
      const warmUp = quick ? 30 : 800;
      const device = isOnGpu && torchHasGpu() ? 'cuda' : 'cpu';
      const timeName = isOnGpu ? 'wall-clock time' : 'CPU time';
      process.env.BENCH_WARM_UP = `${warmUp}`;
      const all = allSeries
        .map(series => (quick ? { ...series, scorers: series.scorers.filter(isQuick) } : series))
        .filter(series => series.scorers.length > 0);
      const cells: Cell[] = [];
      const scorers = new Map(
        all.flatMap(series => series.scorers.map(scorer => [scorer.name, scorer] as const)),
      );
      for (const scorer of scorers.values()) {
        const { name, title, held, operations, hasHandVersion, isUnbatched } = scorer;
        next(title);
        const fits = (count: number) =>
          count * held <= limit.held && count * operations <= limit.operations && (!quick || count <= 8);
        const counts = [1, 8, 64].filter(count => count === 1 || (!isUnbatched && fits(count)));
        const n = isUnbatched ? 8 : Math.max(...counts);
        const sides = counts.map(perTape => ({
          perTape,
          mine: executors.map(executor => ours(name, 'stream', n, executor.name, perTape)),
          torch: peer('PyTorch', name, perTape > 1 ? 'batched' : 'stream', n, device, perTape),
        }));
        const hand: Side[] = hasHandVersion ? [ours(name, 'hand', n)] : [];
        const flat = [...sides.flatMap(({ mine, torch }) => [...mine, torch]), ...hand];
        const time = await timed(flat, rounds, closeEnough, isOnGpu ? 'wall' : 'cpu');
        for (const { perTape, mine, torch } of sides)
          cells.push({
            scorer,
            perTape,
            ours: mine.map(time),
            torch: time(torch),
            hand: hand.map(time)[0] ?? Number.NaN,
          });
      }

      const head = [
        'scorer',
        'θ',
        'values',
        'G',
        ...executors.map(({ title }) => title),
        'PyTorch',
        'by hand',
      ];
      const rows = cells.map(({ scorer, perTape, ours: mine, torch, hand }) => [
        scorer.title,
        ...[scorer.parameters, scorer.values, perTape].map(withCommas),
        ...[...mine, torch, hand].map(time => digits(1000 * time)),
        digits(leastOf(mine) / torch),
      ]);
      const compared = cells.filter(({ torch }) => Number.isFinite(torch));
      const worstOf = (by: string, ratio: (cell: Cell) => number) => {
        const [cell] = compared.toSorted((a, b) => ratio(b) - ratio(a));
        if (!cell) return [];
        const { scorer, perTape } = cell;
        const kind = perTape > 1 ? `${perTape} poses a tape, PyTorch batched` : 'pose by pose';
        const wins = `at most as long as PyTorch in ${compared.filter(cell => ratio(cell) <= 1).length} of ${compared.length} cells`;
        return [`- ${by}: worst ${scorer.title}, ${kind}, ${digits(ratio(cell))} × PyTorch; ${wins}.`];
      };
      const worstLines = [
        ...worstOf('the best executor of each cell', ({ ours, torch }) => leastOf(ours) / torch),
        ...executors.flatMap(({ title }, i) =>
          worstOf(title, ({ ours, torch }) => (ours[i] as number) / torch),
        ),
      ];

      const lineOf = (series: Series, i: number, kind: 'single' | 'batched'): Line => ({
        name: `${executors[i]?.title}${kind === 'single' ? '' : ', batched'}`,
        color: executors[i]?.color ?? colours.black,
        dash: kind === 'single' ? 'solid' : [5, 4],
        symbol: kind === 'single' ? 'circle' : 'emptyCircle',
        points: series.scorers.flatMap(({ name, x }) => {
          const matching = compared.filter(
            ({ scorer, perTape }) => scorer.name === name && (kind === 'single' || perTape > 1),
          );
          const cell = matching.at(kind === 'single' ? 0 : -1);
          return cell ? [[x, (cell.ours[i] as number) / cell.torch] as const] : [];
        }),
      });
      const panels = all.map((series): Panel => {
        const lines = executors.flatMap((_, i) => [
          lineOf(series, i, 'single'),
          lineOf(series, i, 'batched'),
        ]);
        return {
          title: series.title,
          unit: `${timeName} / that of PyTorch`,
          x: series.x,
          base: 10,
          level: 1,
          lines,
        };
      });
      return {
        title: setting.title,
        about: `${worstLines.join('\n') || 'PyTorch is not installed, so there are no ratios to it.'}

Times are for value and gradient of a smooth minimum over N poses, in microseconds of ${timeName} per pose: medians of ${rounds} interleaved
rounds after ${warmUp} ms of warm-up. N is the largest number of poses on a tape for that size, and 8 for PaiNN and GAT. G is
\`posesPerTape\`, and PyTorch has one graph for each G poses. Rows are missing if a tape would hold more than
${limit.held.toExponential(0)} numbers, or a run would take more than ${limit.operations.toExponential(0)} operations. PyTorch computes in float32${device === 'cuda' ? ' on the GPU' : ' on one core'}. The last column is the ratio of the
best executor to PyTorch. The scorers are those of [workloads/ladder.ts](../workloads/ladder.ts). All results of a row agree
within ${closeEnough}. In the chart, solid lines compare one pose per tape with PyTorch pose by pose, and dashed lines the most poses per
tape with PyTorch batched.`,
        sections: [{ title: 'µs a pose', head: [...head, 'best / PyTorch'], rows, names: 4 }],
        ...(compared.length > 0 && {
          chart: { title: 'posetape / PyTorch over the size of scorer and pose', panels },
        }),
      };
    },
  );
}
