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
import { aims, equal, type Line, least, lineTable, measuredRows, most, type Row } from './support/rows.ts';
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
    const [handList, list] = [ours('list', 'hand', n), ours('list', 'stream', n)];
    const [handDense, dense] = [ours('dense', 'hand', n), ours('dense', 'stream', n)];
    const [handVina, vina] = [ours('vina', 'hand', n), ours('vina', 'stream', n)];
    const groups: Readonly<Record<string, readonly Row[]>> = {
      'workload B on pair lists': [
        {
          what: 'B, pair list: generated loop / by hand',
          over: ours('list', 'loops', n),
          under: handList,
          target: most(1.2),
        },
        {
          what: 'B, pair list: whole pose, tape and all / by hand',
          over: list,
          under: handList,
          target: most(2),
        },
        {
          what: 'B, pair list: PyTorch / whole pose',
          over: peer('PyTorch', 'list', 'stream', n),
          under: list,
          target: least(2.5),
        },
      ],
      'workload B over all pairs': [
        {
          what: 'B, all pairs: generated loop / by hand',
          over: ours('dense', 'loops', n),
          under: handDense,
        },
        { what: 'B, all pairs: whole pose / by hand', over: dense, under: handDense },
        {
          what: 'B, all pairs, mask: PyTorch / whole pose',
          over: peer('PyTorch', 'dense', 'stream', n),
          under: dense,
          target: least(3),
        },
      ],
      'Vina by hand': [
        {
          what: 'Vina, 64 poses: whole, tape and all / by hand',
          over: vina,
          under: handVina,
          target: most(1.5),
        },
        {
          what: 'Vina, 64 poses: whole, 16 poses a tape / by hand',
          over: ours('vina', 'stream', n, 'jit', 16),
          under: handVina,
          target: most(1.2),
        },
        {
          what: 'Vina, 64 poses: generated loops / by hand',
          over: ours('vina', 'loops', n),
          under: handVina,
        },
      ],
    };
    const lines: Line[] = [];
    for (const [name, rows] of Object.entries(groups)) {
      next(name);
      lines.push(...(await measuredRows(rows, rounds)));
    }
    // The product itself, and those that its derivative rules record.
    for (const [transposes, m, k, columns] of [
      ['NN', 9600, 64, 64],
      ['NT', 9600, 64, 64],
      ['TN', 64, 9600, 64],
      ['TT', 9600, 64, 64],
    ] as const) {
      next(`matrix product ${transposes}`);
      const side = (whose: string) => kernel('matmul', whose, transposes, m, k, columns);
      const [mine, best, plain] = [side('jit'), side('best'), side('plain')];
      const speed = (cpu: number) => `${digits((2 * m * k * columns) / cpu / 1e6)} GFLOP/s`;
      const what = `matmul ${m}×${k}×${columns} ${transposes}: ours`;
      const rows: Row[] = [
        {
          what: `${what} / best plain JavaScript`,
          over: mine,
          under: best,
          target: most(1.2),
          figures: time => `${speed(time(mine))}, ${speed(time(best))}`,
        },
      ];
      if (transposes === 'NN') rows.push({ what: `${what} / three plain loops`, over: mine, under: plain });
      lines.push(...(await measuredRows(rows, rounds)));
    }
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
      const line = (name: string, { pose, state, streamed }: EnginePeak): Line => ({
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
      return [line('jit', jit), line('interpreter', interpreter), arena];
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
      return {
        what: `${scorerTitles[scorer]}, ${executor}: process peak over baseline, N = 256 / N = 4`,
        figures: `${bytes(many)}, ${bytes(few)}`,
        number: many / few,
        unit: '×',
        target: most(1.2),
      };
    }

    async function tapeLines(tape: string, label: string): Promise<Line[]> {
      const start = () => programs.start('stages.ts', [tape]);
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
      return [
        {
          what: `${label}: record + gradient + layout`,
          figures: `whole tape: ${forward} values, ${values} with the gradient; ${digits(recorded)} + ${digits(layout)} µs`,
          number: recorded + layout,
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
          figures: `${first} at the first of ${n} poses, ${all} in all`,
          number: all - first,
          unit: '',
          target: equal(0),
        },
      ];
    }
  },
);
