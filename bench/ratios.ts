/**
 * Measures time ratios of `jit()` and the engine, and compares them with targets. Writes bench/report/ratios.md.
 *
 *     npm run bench:ratios
 */
import type { TapeCounts } from './kernels.ts';
import { askOnce, bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import {
  aims,
  atLeast,
  atMost,
  type Line,
  line,
  lineSection,
  measured,
  type Side,
  timed,
} from './support/rows.ts';
import type { Round } from './support/serve.ts';
import { digits } from './support/text.ts';

const freshProcesses = 5;
const n = 64;

await bench(
  {
    script: 'bench:ratios',
    does: 'Measures generated loops and whole poses relative to hand-written code and, if installed, PyTorch, and the costs of recording and planning. Compares each figure with its target.',
    takes: 'about two minutes',
    writes: 'a report',
    sources: ['subject.ts', 'kernels.ts'],
    peers: ['PyTorch'],
    out: 'bench/report/ratios.md',
    rounds: 9,
  },
  async ({ ours, kernel, peer, next, programs, rounds }) => {
    const whole = (workload: string, perTape = 1) => ours(workload, 'stream', n, 'jit', perTape);
    const loops = (workload: string) => ours(workload, 'loops', n);
    const hand = (workload: string) => ours(workload, 'hand', n);
    const torch = (workload: string) => peer('PyTorch', workload, 'stream', n);
    const lines = await measured(
      [
        [
          'B, pair list',
          [
            ['generated loop / by hand', loops('list'), hand('list'), atMost(1.2)],
            ['whole pose, tape and all / by hand', whole('list'), hand('list'), atMost(2)],
            ['PyTorch / whole pose', torch('list'), whole('list'), atLeast(2.5)],
          ],
        ],
        [
          'Vina, 64 poses',
          [
            ['whole, tape and all / by hand', whole('vina'), hand('vina'), atMost(1.5)],
            ['16 poses a tape / by hand', whole('vina', 16), hand('vina'), atMost(1.2)],
            ['generated loops / by hand', loops('vina'), hand('vina')],
          ],
        ],
      ],
      rounds,
      next,
    );
    for (const [workload, label, executor] of [
      ['vina', 'Vina', 'jit'],
      ['list', 'B, pair list', 'jit'],
      ['network', 'A, SchNet', 'wasm'],
      ['dense,16,300,16', '300 layers', 'jit'],
      ['dense,16,300,16', '300 layers', 'wasm'],
    ] as const) {
      next(`tape of ${label}, by ${executor}`);
      lines.push(...(await tapeLines(workload, label, executor)));
    }
    return {
      title: 'Ratios',
      about: `CPU time per pose on one core, medians of ${rounds} interleaved rounds, each side in its own process. Pairs are in float32,
Vina is in float64. The hand-written code is in [hand/](../hand). bench:wasm measures \`wasm()\` and several poses on a tape.

${aims}`,
      sections: [lineSection(lines)],
    };

    /** Measures the steps before the loops of a run: recording, the structure key, and the plan of a new structure. */
    async function tapeLines(workload: string, label: string, executor: 'jit' | 'wasm'): Promise<Line[]> {
      const start = () => programs.start('kernels.ts', ['plan', workload, executor]);
      const { forward, values } = await askOnce<TapeCounts>(start, 'counts');
      const times: number[] = [];
      for (let i = 0; i < freshProcesses; i++) times.push((await askOnce<Round>(start, 'cold')).cpu);
      const cold = median(times);
      const counts = `${forward} values, ${values} with the gradient`;
      const processes = `median of ${freshProcesses} cold processes`;
      if (values > 1000) {
        const target = atMost(executor === 'jit' ? 100 : 150);
        const what = `${label}: first run by ${executor}, plan and all, for each recorded value`;
        return [
          line(what, `${counts}; ${digits(cold)} ms, ${processes}`, (1000 * cold) / values, 'µs', target),
        ];
      }
      const [record, key, plan] = ['record', 'key', 'plan'].map(what => kernel(what, workload, executor)) as [
        Side,
        Side,
        Side,
      ];
      const time = await timed([record, key, plan], rounds);
      const planned = `${label}: first run of a new structure by ${executor}, plan and all`;
      // The target is for planning alone, but the measured time includes a run. The run is negligible only for small
      // poses, so `network` has no target.
      const aim = workload === 'network' ? undefined : atMost(30);
      return [
        line(`${label}: record + gradient`, counts, 1000 * time(record), 'µs', atMost(100)),
        line(`${label}: the structure key`, 'in addition, at each run', 1000 * time(key), 'µs'),
        line(`${planned}, cold`, processes, cold, 'ms', aim),
        line(`${planned}, warm`, '', time(plan), 'ms', aim),
      ];
    }
  },
);
