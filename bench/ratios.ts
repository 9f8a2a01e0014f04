/**
 * Measures what `jit()` and the engine are to reach, as ratios, each with its target. Writes bench/report/ratios.md.
 *
 *     npm run bench:ratios
 */
import type { EnginePeak, Planned } from './stages.ts';
import type { TapeFacts } from './stages-table.ts';
import type { Peak } from './subject.ts';
import { asked, bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import {
  aims,
  equal,
  type Line,
  least,
  line,
  lineTable,
  measured,
  most,
  type Row,
  row,
  type Target,
} from './support/rows.ts';
import type { Round } from './support/serve.ts';
import { bytes, digits } from './support/text.ts';
import { type ScorerName, scorerTitles } from './workloads/scorers.ts';

const freshProcesses = 5;
const n = 64;

await bench(
  {
    script: 'bench:ratios',
    does: 'Measures what posetape is to reach, as ratios, each held against its target: generated loops and whole poses against code written by hand and against PyTorch, where it is installed; matrix products; memory; and what comes before the loops.',
    takes: 'about four minutes',
    writes: 'a report',
    sources: ['subject.ts', 'kernels.ts', 'stages.ts'],
    out: 'bench/report/ratios.md',
    rounds: 9,
    hasTargets: true,
  },
  async ({ ours, kernel, peer, versionOf, next, programs, rounds, by }) => {
    const whole = (workload: string, perTape = 1) => ours(workload, 'stream', n, 'jit', perTape);
    const loops = (workload: string) => ours(workload, 'loops', n);
    const hand = (workload: string) => ours(workload, 'hand', n);
    const torch = (workload: string) => peer('PyTorch', workload, 'stream', n);
    // The product itself, and those that its derivative rules record.
    const products = (
      [
        ['NN', 9600, 64, 64],
        ['NT', 9600, 64, 64],
        ['TN', 64, 9600, 64],
        ['TT', 9600, 64, 64],
      ] as const
    ).map(([transposes, m, k, columns]): [string, Row[]] => {
      const by = (whose: string) => kernel('matmul', whose, transposes, m, k, columns);
      const speed = (cpu: number) => `${digits((2 * m * k * columns) / cpu / 1e6)} GFLOP/s`;
      const against = (whose: string, name: string, target?: Target) =>
        row(`matmul ${m}×${k}×${columns} ${transposes}: ours / ${name}`, by('jit'), by(whose), target, time =>
          [by('jit'), by(whose)].map(side => speed(time(side))).join(', '),
        );
      const best = against('best', 'best plain JavaScript', most(1.2));
      const rows = transposes === 'NN' ? [best, against('plain', 'three plain loops')] : [best];
      return [`matrix product ${transposes}`, rows];
    });
    const lines = await measured(
      [
        [
          'workload B on pair lists',
          [
            row('B, pair list: generated loop / by hand', loops('list'), hand('list'), most(1.2)),
            row('B, pair list: whole pose, tape and all / by hand', whole('list'), hand('list'), most(2)),
            row('B, pair list: PyTorch / whole pose', torch('list'), whole('list'), least(2.5)),
          ],
        ],
        [
          'workload B over all pairs',
          [
            row('B, all pairs: generated loop / by hand', loops('dense'), hand('dense')),
            row('B, all pairs: whole pose / by hand', whole('dense'), hand('dense')),
            row('B, all pairs, mask: PyTorch / whole pose', torch('dense'), whole('dense'), least(3)),
          ],
        ],
        [
          'Vina by hand',
          [
            row('Vina, 64 poses: whole, tape and all / by hand', whole('vina'), hand('vina'), most(1.5)),
            row('Vina, 64 poses: 16 poses a tape / by hand', whole('vina', 16), hand('vina'), most(1.2)),
            row('Vina, 64 poses: generated loops / by hand', loops('vina'), hand('vina')),
          ],
        ],
        ...products,
      ],
      rounds,
      next,
    );
    next('engine peak');
    lines.push(...(await enginePeaks()));
    for (const [scorer, executor] of [
      ['vina', 'interpreter'],
      ['vina', 'jit'],
      ['schnet', 'jit'],
    ] as const) {
      next(`process peak, ${scorer} by ${executor}`);
      lines.push(await processPeak(scorer, executor));
    }
    for (const [tape, label] of [
      ['vina', 'Vina'],
      ['list', 'B, pair list'],
    ] as const) {
      next(`tape of ${label}`);
      lines.push(...(await tapeLines(tape, label)));
    }
    const text = `# Ratios

${by}; ${await versionOf('PyTorch')}.

CPU time of one core a pose, medians of ${rounds} interleaved rounds, each side in a process of its own; pairs in float32,
Vina in float64. Written by hand: [hand/](../hand). Lines without a target explain others. What \`wasm()\` is to reach, and
several poses on a tape, are in wasm-node*.md (\`npm run bench:wasm\`).

${aims}

${lineTable(lines)}
`;
    return { text, lines };

    async function enginePeaks(): Promise<Line[]> {
      const stages = () => programs.start('stages.ts', ['vina']);
      const jit = await asked<EnginePeak>(stages, 'jit peak');
      const interpreter = await asked<EnginePeak>(stages, 'interpreter peak');
      const peak = (name: string, { pose, state, streamed }: EnginePeak) =>
        line(
          `Vina, ${name}: engine peak at N = 256 / (largest pose + state)`,
          `${streamed} B, ${pose} + ${state} B`,
          streamed / (pose + state),
          '',
          equal(1),
        );
      const what = 'Vina: peak of jit / of the interpreter, one pose';
      const both = `${jit.pose} B, ${interpreter.pose} B`;
      const arena = line(what, both, jit.pose / interpreter.pose, '×', most(0.25));
      return [peak('jit', jit), peak('interpreter', interpreter), arena];
    }

    /** 256 poses both times, in calls of 4 and in one: the same work, so that only the number at a time differs. */
    async function processPeak(scorer: ScorerName, executor: string): Promise<Line> {
      const peaks = new Map<number, number[]>([
        [4, []],
        [256, []],
      ]);
      for (let i = 0; i < freshProcesses; i++) {
        for (const [count, found] of peaks) {
          const env = { BENCH_LEAST: '256' };
          const start = () => programs.start('subject.ts', [scorer, 'stream', count, executor], { env });
          found.push((await asked<Peak>(start, 'peak')).processBytes ?? Number.NaN);
        }
      }
      const [few, many] = [...peaks.values()].map(median) as [number, number];
      const what = `${scorerTitles[scorer]}, ${executor}: process peak over baseline, N = 256 / N = 4`;
      return line(what, `${bytes(many)}, ${bytes(few)}`, many / few, '×', most(1.2));
    }

    async function tapeLines(workload: string, label: string): Promise<Line[]> {
      const start = () => programs.start('stages.ts', [workload]);
      const cold: number[] = [];
      for (let i = 0; i < freshProcesses; i++) cold.push((await asked<Round>(start, 'cold')).cpu);
      const process = start();
      const { forward, values } = await process.ask<TapeFacts>('facts');
      const times = { 'record+gradient': [] as number[], key: [] as number[], layout: [] as number[] };
      for (let i = 0; i < rounds; i++)
        for (const [name, found] of Object.entries(times))
          found.push(1000 * (await process.ask<Round>(name)).cpu);
      const warm = (await process.ask<Round>('warm')).cpu;
      const { first, all } = await process.ask<Planned>('planned');
      await process.stop();
      const [recorded, key, layout] = Object.values(times).map(median) as [number, number, number];
      const tape = `whole tape: ${forward} values, ${values} with the gradient`;
      const parts = `${tape}; ${digits(recorded)} + ${digits(layout)} µs`;
      const plan = `${label}: plan + compile a new structure`;
      const ofPoses = `${first} at the first of ${n} poses, ${all} in all`;
      return [
        line(`${label}: record + gradient + layout`, parts, recorded + layout, 'µs', most(100)),
        line(`${label}: the structure key, beside that`, 'read off the tape at each run', key, 'µs'),
        line(`${plan}, cold process`, `median of ${freshProcesses} processes`, median(cold), 'ms', most(30)),
        line(`${plan}, warm process`, 'first run − second run, after 1.5 s of them', warm, 'ms', most(30)),
        line(`${label}: structures planned after the first pose`, ofPoses, all - first, '', equal(0)),
      ];
    }
  },
);
