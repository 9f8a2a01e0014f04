/**
 * The same work in other systems: workload A, a SchNet, workload B, a Vina-like pair potential, and workload C, message
 * passing, each in float32 on one core. Writes bench/report/peers.md. What is not installed is named, with how to get it.
 *
 *     npm run bench:peers
 */
import { howToInstall, isInstalled, type PeerName, peerNames, peerSources } from './peers/find.ts';
import type { ExecutorName, Peak, Way } from './subject.ts';
import { asked, bench } from './support/bench.ts';
import { type Figure, figuresOf } from './support/figures.ts';
import type { Answered, Side } from './support/rows.ts';
import { timed } from './support/rows.ts';
import { digits, table } from './support/text.ts';

interface Comparison {
  readonly title: string;
  readonly workload: string;
  /** Of posetape: executor, strategies, and how many poses share a tape. */
  readonly ours: readonly (readonly [ExecutorName, readonly Way[], posesPerTape?: number])[];
  readonly isByHand?: true;
  readonly peers: readonly (readonly [PeerName, readonly string[], how?: string])[];
  /** Numbers of poses: for time, and for memory. */
  readonly timed: number;
  readonly held: readonly number[];
}

const three = ['stream', 'stored', 'full-graph'] as const;
const two = ['stream', 'full-graph'] as const;

const comparisons: readonly Comparison[] = [
  {
    title: 'A: SchNet, 300 atoms, 9600 edges, 68 thousand parameters',
    workload: 'network',
    ours: [
      ['wasm', three],
      ['jit', three],
    ],
    peers: [
      ['PyTorch', three],
      ['TensorFlow.js', two],
      ['jax-js', two, 'jit'],
    ],
    timed: 2,
    held: [1, 4, 16],
  },
  {
    title: 'B: 40 × 1000 pairs with a mask, 20 parameters',
    workload: 'dense',
    ours: [
      ['wasm', three],
      ['jit', three],
    ],
    isByHand: true,
    peers: [
      ['PyTorch', three],
      ['TensorFlow.js', two],
      // Its jit cannot trace slices of the weights.
      ['jax-js', two, 'eager'],
    ],
    timed: 16,
    held: [4, 16, 64],
  },
  {
    title: 'B: only the pairs under the cutoff, from a list',
    workload: 'list',
    ours: [
      ['wasm', three],
      ['wasm', ['stream'], 16],
      ['jit', three],
      ['jit', ['stream'], 16],
    ],
    isByHand: true,
    peers: [['PyTorch', three]],
    timed: 64,
    held: [4, 64, 256],
  },
  {
    title:
      'C: message passing, 20 compounds × 16 poses, 28 to 34 atoms, 80 edges, 16 features; the gradient of squared errors',
    workload: 'messages',
    ours: [
      ['wasm', ['stream']],
      ['wasm', ['stream'], 16],
      ['jit', ['stream']],
      ['jit', ['stream'], 16],
    ],
    peers: [['PyTorch', ['full-graph', 'batched']]],
    timed: 320,
    held: [320],
  },
];

await bench<{ readonly only?: string }>(
  {
    script: 'bench:peers',
    does: 'Does the same work in other systems, each in a process of its own on one core in float32: a SchNet, a pair potential and message passing by posetape, PyTorch, TensorFlow.js and jax-js. What is not installed is named, with how to get it. $PEERS_DATA names a folder for the data of the workloads; without it they lie with the temporary files of the system, and stay there.',
    takes: 'about ten minutes beside PyTorch alone, and longer with the others',
    writes: 'a report',
    sources: ['subject.ts', ...peerSources],
    out: 'bench/report/peers.md',
    rounds: 5,
    more: command => command.option('--only <workload>', 'only network, dense, list or messages'),
  },
  async ({ options: { only }, ours, peer, versionOf, next, rounds, by }) => {
    const sections: string[] = [];
    const figures: Figure[] = [];
    for (const comparison of comparisons)
      if (!only || comparison.workload === only) sections.push(await compare(comparison));
    const installed = peerNames.filter(isInstalled);
    const versions = await Promise.all(installed.map(versionOf));
    const absent = peerNames
      .filter(name => !isInstalled(name))
      .map(name => `- ${name} is not installed: ${howToInstall[name]}\n`);
    const text = `# Beside other systems

${[by, ...versions].join('; ')}.
${absent.join('')}${absent.length > 0 ? '\n' : ''}Value and gradient of a smooth minimum over N poses, in float32, each system in a process of its own on one core. Time is
CPU time of all its threads, the median of ${rounds} rounds that go from process to process. Memory is the peak of the process in
its first run over what it held before; – where the system does not tell it, as only Linux does. posetape runs by \`wasm()\`
and by \`jit()\`; the strategies are those of [report.md](report.md), *16 a tape* is \`posesPerTape\`; loops by hand are those of
[hand/](../hand).

${sections.join('\n')}`;
    return { text, figures };

    async function compare({ title, workload, timed: n, held, ...systems }: Comparison): Promise<string> {
      const rows: { name: string; side(count: number): Side }[] = [
        ...systems.ours.flatMap(([executor, ways, perTape = 1]) =>
          ways.map(way => ({
            name: `posetape, ${way}, ${executor}${perTape > 1 ? `, ${perTape} a tape` : ''}`,
            side: (count: number) => ours(workload, way, count, executor, perTape),
          })),
        ),
        ...(systems.isByHand
          ? [{ name: 'by hand', side: (count: number) => ours(workload, 'hand', count) }]
          : []),
        ...systems.peers.flatMap(([system, ways, how]) =>
          ways.map(way => ({
            name: [system, way, ...(how ? [how] : [])].join(', '),
            side: (count: number) => peer(system, workload, way, count, ...(how ? [how] : [])),
          })),
        ),
      ].filter(({ side }) => side(1).start);
      const peaks: string[][] = [];
      const answers: Answered[] = [];
      for (const { name, side } of rows) {
        next(`${workload}, memory, ${name}`);
        const ask = <Answer>(count: number, question: string) =>
          asked<Answer>(side(count).start as NonNullable<Side['start']>, question);
        const found: string[] = [];
        for (const count of held) found.push(mebibytes((await ask<Peak>(count, 'peak')).processBytes));
        peaks.push(found);
        answers.push(await ask<Answered>(n, 'check'));
      }
      next(`${workload}, time`);
      const sides = rows.map(({ side }) => side(n));
      const time = await timed(sides, rounds);
      const head = ['', 'CPU ms a pose', ...held.map(count => `MiB, N = ${count}`), 'value', '|gradient|'];
      const body = rows.map(({ name }, i) => {
        const { value, norm } = answers[i] as Answered;
        const each = digits(time(sides[i] as Side));
        return [name, each, ...(peaks[i] ?? []), value.toFixed(4), digits(norm)];
      });
      figures.push(...figuresOf(title.split(',')[0] as string, head, body));
      return `## ${title}\n\nTime at N = ${n}; all give the same value and gradient.\n\n${table(head, body)}\n`;
    }
  },
);

function mebibytes(peak: number | null): string {
  if (peak === null) return '–';
  return peak < 2 ** 20 ? '< 1' : digits(peak / 2 ** 20);
}
