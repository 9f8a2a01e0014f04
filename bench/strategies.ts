/**
 * Measures memory and time of one pose per tape, several poses per tape, and the full graph. The scorer is Vina's. Its N poses are
 * the 64 of imatinib in c-Abl, repeated or cut. Also measures a SchNet, and streams a million small poses. Writes
 * bench/report/strategies.md and its chart.
 *
 *     npm run bench:strategies
 */
import { colours, type Line } from './charts.ts';
import { isInstalled, type PeerName, peerNames, peerSource } from './peers/find.ts';
import type { ExecutorName } from './subject.ts';
import { bench } from './support/bench.ts';
import { whole, wholes } from './support/command.ts';
import { longRun, measuredSides, type SideResult } from './support/rows.ts';
import { digits } from './support/text.ts';

const strategies = ['stream', 'recompute', 'full-graph'] as const;
/** Strategy and the system that runs it: an executor of posetape, or another system. */
interface Kind {
  readonly strategy: (typeof strategies)[number];
  readonly by: ExecutorName | PeerName;
}
/** Row of the report: n poses, `group` of them on each tape. */
interface Way extends Kind {
  readonly scorer: keyof typeof scorers;
  readonly n: number;
  readonly group: number;
}
const scorers = { vina: 'Vina', 'pairs,20': '20 pairs', network: 'SchNet' };

/** Kinds to measure with Vina. */
const kinds: readonly Kind[] = (['jit', 'interpreter'] as const).flatMap(by =>
  strategies.map(strategy => ({ strategy, by })),
);
const dashed = { dash: [5, 4], symbol: 'emptyCircle' } as const;
/** Kinds that the chart shows, each as a line. All but the full graph are also measured with several poses a tape. */
const drawn: readonly (Kind & Pick<Line, 'color' | 'dash' | 'symbol'>)[] = [
  { strategy: 'stream', by: 'jit', color: colours.blue },
  { strategy: 'recompute', by: 'jit', color: colours.green },
  { strategy: 'stream', by: 'wasm', color: colours.sky, symbol: 'emptyDiamond', dash: [1.5, 3] },
  { strategy: 'stream', by: 'interpreter', color: colours.blue, ...dashed },
  { strategy: 'full-graph', by: 'jit', color: colours.orange, symbol: 'none' },
  { strategy: 'full-graph', by: 'interpreter', color: colours.orange, dash: [5, 4], symbol: 'none' },
];
/** Kinds to measure with a SchNet, including other systems. */
const networkKinds: readonly Kind[] = [
  ...(['wasm', 'jit', 'PyTorch'] as const).flatMap(by =>
    (['stream', 'full-graph'] as const).map(strategy => ({ strategy, by })),
  ),
  { strategy: 'stream', by: 'TensorFlow.js' },
  { strategy: 'stream', by: 'jax-js' },
];
const isPeer = (by: Kind['by']): by is PeerName => peerNames.includes(by as PeerName);
const usualCounts = [64, 1024];
/** Minimum number of poses scored before memory is read. With a small N, the same poses are scored repeatedly. */
const leastPoses = 1024;

await bench<{ readonly poses: readonly number[]; readonly long: number }>(
  {
    script: 'bench:strategies',
    does: 'Measures the memory and CPU time of the strategies: Vina with jit() and interpreter(), for the largest N also with 1 to N poses per tape. Memory is reported twice: as the engine counts it, and as the peak of the process. Also streams many small poses, and compares a SchNet with PyTorch, TensorFlow.js and jax-js, if installed.',
    takes: 'about five minutes',
    writes: 'a report and its chart',
    sources: ['subject.ts', peerSource],
    peers: peerNames,
    out: 'bench/report/strategies.md',
    rounds: 5,
    more: command =>
      command
        .option('--poses <counts...>', 'numbers of poses N', wholes(usualCounts), usualCounts)
        .option('--long <count>', 'number of small poses to stream', whole, 1_000_000),
  },
  async ({ options: { poses, long }, ours, peer, rounds, next }) => {
    const n = Math.max(...poses);
    const groups = [...new Set([1, 2, 4, 16, 64, 256, n])].filter(group => group <= n);
    const vina = { scorer: 'vina', group: 1 } as const;
    const small = { scorer: 'pairs,20', strategy: 'stream', by: 'jit', group: 1 } as const;
    const network = { scorer: 'network', group: 1, n: Math.min(16, n) } as const;
    const isAvailable = ({ by }: Kind) => !isPeer(by) || isInstalled(by);
    const tables: readonly (readonly [string, readonly Way[]])[] = [
      ...poses.map(n => [`Vina, N = ${n}`, kinds.map(kind => ({ ...vina, ...kind, n }))] as const),
      ...drawn
        .filter(({ strategy }) => strategy !== 'full-graph')
        .map(({ strategy, by }): [string, Way[]] => [
          `several poses a tape: ${strategy} by ${by}`,
          groups
            .filter(group => group > 1 || by === 'wasm')
            .map(group => ({ ...vina, strategy, by, n, group })),
        ]),
      ...[1000, long].map(n => [`${n} small poses`, [{ ...small, n }]] as const),
      ['SchNet', networkKinds.filter(isAvailable).map(kind => ({ ...network, ...kind }))],
    ];
    const results: (readonly [Way, SideResult])[] = [];
    for (const [step, ways] of tables) {
      next(step);
      const sides = ways.map(({ scorer, strategy, n, by, group }) =>
        isPeer(by) ? peer(by, scorer, strategy, n) : ours(scorer, strategy, n, by, group),
      );
      const env = { BENCH_LEAST: `${ways[0]?.scorer === 'network' ? 0 : leastPoses}` };
      const bySide = await measuredSides(sides, ways[0]?.n ?? 1, rounds, env);
      for (const [i, side] of sides.entries()) results.push([ways[i] as Way, bySide.get(side) as SideResult]);
    }
    const rows = results.map(
      ([{ scorer, n, strategy, by, group }, { engineBytes, processBytes, cpu, first }]) => [
        scorers[scorer],
        `N = ${n.toLocaleString('en')}`,
        strategy,
        by,
        strategy === 'full-graph' ? '–' : group.toLocaleString('en'),
        isPeer(by) ? '–' : engineBytes.toLocaleString('en'),
        ...[(processBytes ?? Number.NaN) / 2 ** 20, cpu, first].map(digits),
      ],
    );

    const lines = (y: (result: SideResult) => number): Line[] =>
      drawn.flatMap(({ strategy, by, ...style }) => {
        const points = results.flatMap(([way, result]) =>
          way.scorer === 'vina' && way.n === n && way.strategy === strategy && way.by === by
            ? (strategy === 'full-graph' ? [1, n] : [way.group]).map(x => [x, y(result)] as const)
            : [],
        );
        return points.length > 0 ? [{ ...style, name: `${strategy}, ${by}`, points }] : [];
      });
    const panel = { x: 'poses a tape, G', base: 4 };
    const engine = { ...panel, title: 'held by the engine, exact count', unit: 'KiB' };
    const time = { ...panel, title: 'value and gradient, tape and all', unit: 'CPU ms a pose' };
    const measures = ['engine peak, bytes', 'process peak, MiB', 'CPU ms a pose', 'in the first run'];
    return {
      title: 'Strategies',
      about: `Value and gradient of a smooth minimum: the Vina scorer in float64 (\`wasm\`: float32) on the 64 poses of imatinib in c-Abl,
repeated to N; a potential of 20 pairs; and in float32 a SchNet of 300 atoms, 9,600 edges and 68 thousand parameters, compared with other
systems. G is \`posesPerTape\`. Horizontal lines of the chart are the full graph. Every row is a separate process. The engine's peak is
its exact count. The peak of the process is relative to its memory before, after it has scored at least ${leastPoses} poses (SchNet: N), N at
a time. Only Linux reports it; on other systems it is –. Time is CPU time of all threads, the median of up to ${rounds} interleaved rounds
after the first run. The first run includes planning by \`jit\` and \`wasm\`. Runs of more than ${longRun / 1000} s are not repeated.

The engine counts the arrays of its executors and of the accumulator's state. It does not count the caller's arrays, the objects of
the tape, compiled code, and predictions. Predictions take 24 B per pose; for more than 100,000 poses they are not kept
(\`keepPredictions: false\`).`,
      sections: [{ title: '', head: ['scorer', 'N', 'strategy', 'by', 'G', ...measures], rows, names: 5 }],
      chart: {
        title: `Vina scorer, N = ${n}: from one tape per pose to one for all`,
        panels: [
          { ...engine, lines: lines(({ engineBytes }) => engineBytes / 2 ** 10) },
          { ...time, lines: lines(({ cpu }) => cpu) },
        ],
      },
    };
  },
);
