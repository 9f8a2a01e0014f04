/**
 * The ladder: scorers of 20 to 10⁷ parameters, 10 to 10⁶ values a pose and 3 to 300 layers, by every executor and in PyTorch,
 * with one pose a tape and with several. Writes bench/report/sizes.md and its chart.
 *
 *     npm run bench:sizes
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { chart, colours, type Line, type Panel } from './charts.ts';
import { bench } from './support/bench.ts';
import { figuresOf } from './support/figures.ts';
import { type Side, timed } from './support/rows.ts';
import { digits, table } from './support/text.ts';

/** A scorer of bench/workloads/ladder.ts: pairs, or layers of this width on so many rows. */
type Size =
  | { readonly pairs: number }
  | { readonly width: number; readonly layers: number; readonly rows: number };

interface Rung {
  readonly title: string;
  readonly x: string;
  readonly place: (size: Size) => number;
  readonly sizes: readonly Size[];
}

const layered = (...all: readonly (readonly [width: number, layers: number, rows: number])[]): Size[] =>
  all.map(([width, layers, rows]) => ({ width, layers, rows }));

const rungs: readonly Rung[] = [
  {
    title: 'pair potential, θ = 20',
    x: 'pairs of a pose',
    place: valuesOf,
    sizes: [10, 100, 1000, 10_000, 100_000, 1_000_000].map(pairs => ({ pairs })),
  },
  {
    title: 'layers of growing width, 4 rows',
    x: 'parameters, θ',
    place: parametersOf,
    sizes: layered([4, 3, 4], [16, 3, 4], [64, 3, 4], [256, 3, 4], [1000, 3, 4], [1000, 10, 4]),
  },
  {
    title: '3 to 300 layers of 16 × 16, 16 rows',
    x: 'layers',
    place: size => ('layers' in size ? size.layers : 0),
    sizes: layered([16, 3, 16], [16, 30, 16], [16, 100, 16], [16, 300, 16]),
  },
  {
    title: '3 layers of 64 × 64 on 1 to 15,625 rows',
    x: 'values of a pose',
    place: valuesOf,
    sizes: layered([64, 3, 1], [64, 3, 16], [64, 3, 256], [64, 3, 4096], [64, 3, 15_625]),
  },
];
const quickRungs: readonly Rung[] = [
  { ...(rungs[0] as Rung), sizes: [{ pairs: 10 }] },
  { ...(rungs[1] as Rung), sizes: layered([4, 3, 2]) },
];

const executors = ['jit64', 'jit32', 'wasm'] as const;
const executorTitles = { jit64: 'jit float64', jit32: 'jit float32', wasm: 'wasm' } as const;
const colourOf = { jit64: colours.blue, jit32: colours.sky, wasm: colours.orange } as const;
const perTapes = [1, 8, 64];
/** Allowed relative difference of answers: PyTorch adds up the slopes of a million pairs one by one, in float32. */
const closeEnough = 2e-3;
/** Most numbers that a tape may hold, and most operations of a run. */
const limit = { values: 3e7, operations: 1e10 };

function parametersOf(size: Size): number {
  return 'pairs' in size ? 20 : size.layers * size.width ** 2;
}

function valuesOf(size: Size): number {
  return 'pairs' in size ? size.pairs : size.rows * size.width;
}

function nameOf(size: Size): string {
  return 'pairs' in size ? `pairs,${size.pairs}` : `dense,${size.width},${size.layers},${size.rows}`;
}

function titleOf(size: Size): string {
  const shown = (n: number) => n.toLocaleString('en');
  return 'pairs' in size
    ? `${shown(size.pairs)} pairs`
    : `${size.layers} layers of ${shown(size.width)}, ${shown(size.rows)} rows`;
}

/** The numbers of poses a tape that a size allows. */
function perTapesOf(size: Size): number[] {
  const [held, operations] =
    'pairs' in size
      ? [size.pairs, 30 * size.pairs]
      : // To fold a gradient into the sums takes about as long as a hundred operations of a product.
        [valuesOf(size) * size.layers, (6 * size.rows + 100) * parametersOf(size)];
  return perTapes.filter(
    count => count === 1 || (count * held <= limit.values && count * operations <= limit.operations),
  );
}

/** CPU milliseconds a pose of one size and one number of poses a tape. */
interface Cell {
  readonly size: Size;
  readonly perTape: number;
  readonly ours: Readonly<Record<(typeof executors)[number], number>>;
  readonly torch: number;
  readonly hand: number;
}

await bench<{ readonly quick?: true }>(
  {
    script: 'bench:sizes',
    does: 'Measures scorers of 20 to 10 million parameters, 10 to a million values a pose and 3 to 300 layers, with 1, 8 and 64 poses a tape: by jit() in both precisions, by wasm(), in PyTorch pose by pose and batched, and where it is short by hand.',
    takes: 'about ten minutes',
    writes: 'a report and its chart',
    sources: ['subject.ts'],
    out: 'bench/report/sizes.md',
    rounds: 3,
    more: command => command.option('--quick', 'two small sizes, to see that all works'),
  },
  async ({ options: { quick }, ours, peer, versionOf, rounds, out, by, next }) => {
    process.env.BENCH_WARM_UP = quick ? '30' : '800';
    const all = quick ? quickRungs : rungs;
    const cells = new Map<string, Cell[]>();
    for (const size of all.flatMap(({ sizes }) => sizes)) {
      const name = nameOf(size);
      if (cells.has(name)) continue;
      next(titleOf(size));
      const counts = perTapesOf(size).filter(count => !quick || count <= 8);
      const n = Math.max(...counts);
      const sides = counts.map(perTape => ({
        perTape,
        ours: executors.map(executor => ours(name, 'stream', n, executor, perTape)),
        torch: peer('PyTorch', name, perTape > 1 ? 'batched' : 'stream', n, 'cpu', perTape),
      }));
      const hand: Side[] = 'pairs' in size ? [ours(name, 'hand', n)] : [];
      const time = await timed(
        [...sides.flatMap(each => [...each.ours, each.torch]), ...hand],
        rounds,
        closeEnough,
      );
      const found = sides.map(({ perTape, ours: mine, torch }): Cell => {
        const [jit64, jit32, wasm] = mine.map(time) as [number, number, number];
        const byHand = hand.length > 0 ? time(hand[0] as Side) : Number.NaN;
        return { size, perTape, ours: { jit64, jit32, wasm }, torch: time(torch), hand: byHand };
      });
      cells.set(name, found);
    }

    const flat = [...cells.values()].flat();
    const best = ({ ours: mine }: Cell) => executors.toSorted((a, b) => mine[a] - mine[b])[0] ?? 'wasm';
    const us = (time: number) => digits(1000 * time);
    const rows = flat.map(cell => {
      const { size, perTape, ours: mine, torch, hand } = cell;
      const times = [...executors.map(executor => us(mine[executor])), us(torch), us(hand)];
      const ratio = digits(mine[best(cell)] / torch);
      const sizes = [parametersOf(size), valuesOf(size), perTape].map(x => x.toLocaleString('en'));
      return [titleOf(size), ...sizes, ...times, ratio];
    });
    const known = flat.filter(({ torch }) => Number.isFinite(torch));
    const worst = (ratio: (cell: Cell) => number) => known.toSorted((a, b) => ratio(b) - ratio(a))[0] as Cell;
    const said = (cell: Cell, ratio: number) => {
      const { size, perTape } = cell;
      const kind = perTape > 1 ? `${perTape} poses a tape, PyTorch batched` : 'pose by pose';
      return `${titleOf(size)}, ${kind}: ${digits(ratio)} × PyTorch`;
    };
    const byBest = (cell: Cell) => cell.ours[best(cell)] / cell.torch;
    const worstLines =
      known.length === 0
        ? ['PyTorch is not installed: no ratio to it is known.']
        : [
            `**Worst cell, by the best executor of each: ${said(worst(byBest), byBest(worst(byBest)))}, by ${executorTitles[best(worst(byBest))]}.**`,
            '',
            ...executors.map(executor => {
              const ratio = (cell: Cell) => cell.ours[executor] / cell.torch;
              return `- ${executorTitles[executor]}: worst ${said(worst(ratio), ratio(worst(ratio)))}; at most as long as PyTorch in ${known.filter(cell => ratio(cell) <= 1).length} of ${known.length} cells.`;
            }),
          ];

    const panels = all.map(
      ({ title, x, place, sizes }): Panel => ({
        title,
        unit: 'CPU time / that of PyTorch',
        x,
        base: 10,
        level: 1,
        lines: executors.flatMap(executor =>
          [1, 0].map(
            (isAlone): Line => ({
              name: `${executorTitles[executor]}${isAlone ? '' : ', batched'}`,
              color: colourOf[executor],
              dash: isAlone ? 'solid' : [5, 4],
              symbol: isAlone ? 'circle' : 'emptyCircle',
              points: sizes.flatMap(size => {
                const of = cells.get(nameOf(size)) ?? [];
                const cell = isAlone ? of[0] : of.at(-1);
                if (!cell || !Number.isFinite(cell.torch) || (!isAlone && cell.perTape === 1)) return [];
                return [[place(size), cell.ours[executor] / cell.torch] as const];
              }),
            }),
          ),
        ),
      }),
    );
    const svg = out.replace(/(?:\.md)?$/, '.svg');
    await mkdir(dirname(out), { recursive: true });
    if (known.length > 0)
      await writeFile(svg, chart('posetape / PyTorch over the size of scorer and pose', panels));
    const head = ['scorer', 'θ', 'values', 'G', ...Object.values(executorTitles), 'PyTorch', 'by hand'];
    const heads = [...head, 'best / PyTorch'];
    const text = `# Sizes

${worstLines.join('\n')}

${by}; ${await versionOf('PyTorch')}.

Value and gradient of a smooth minimum over N poses, N being the largest number of poses a tape of that size; CPU microseconds
a pose on one core, the median of ${rounds} rounds that go from process to process after ${quick ? 30 : 800} ms of warm-up. G is \`posesPerTape\`; PyTorch has a
graph for each pose at G = 1, and for each G poses else. Missing: G where a tape would hold more than ${limit.values.toExponential(0)} numbers, or a
run take more than ${limit.operations.toExponential(0)} operations. PyTorch computes in float32. The last column is the best of the three / PyTorch. The
scorers are those of [workloads/ladder.ts](../workloads/ladder.ts); all sides of a row give
the same answer to ${closeEnough}.

![Ratios to PyTorch over size](${basename(svg)})

In the chart, solid lines are one pose a tape against PyTorch pose by pose; dashed ones the most poses a tape against PyTorch
batched.

${table(heads, rows)}
`;
    return { text, figures: figuresOf('µs a pose', heads, rows, 4) };
  },
);
