/**
 * Measures fresh processes: the time from the start to the gradient of the first poses, and, in other processes, the
 * times of successive calls from the first one on. Writes bench/report/cold.md.
 *
 *     npm run bench:cold
 */
import type { Answer, Since } from './subject.ts';
import { bench } from './support/bench.ts';
import { median } from './support/clock.ts';
import type { Section } from './support/figures.ts';
import type { Measured } from './support/measured.ts';
import { agreement, type Side } from './support/rows.ts';
import { digits } from './support/text.ts';

const workloads = [
  { name: 'pairs,1000', title: '1,000 pairs, 20 parameters' },
  { name: 'dense,64,3,16', title: '3 layers of 64 × 64 on 16 rows' },
];
const counts = [64, 1000];
const shownCalls = [1, 2, 10, 100, 1000];
/** Maximum number of processes that make successive calls. */
const maxCallProcesses = 3;

await bench(
  {
    script: 'bench:cold',
    does: 'Measures the time from the start of a process to the gradient of its first 64 and 1,000 poses, including imports and data. Then measures the CPU time per pose in the first, second, tenth, hundredth and thousandth call with eight poses. Compares both with PyTorch, if installed.',
    takes: 'about a minute',
    writes: 'a report',
    sources: ['subject.ts'],
    peers: ['PyTorch'],
    out: 'bench/report/cold.md',
    rounds: 5,
  },
  async ({ ours, peer, rounds, next }) => {
    const sections: Section[] = [];
    const callProcesses = Math.min(maxCallProcesses, rounds);
    for (const { name, title } of workloads) {
      const posetape = (executor: 'jit64' | 'wasm', perTape: number) => (n: number) =>
        ours(name, 'stream', n, executor, perTape);
      const ways: readonly (readonly [string, (n: number) => Side])[] = [
        ['posetape, jit float64', posetape('jit64', 1)],
        ['posetape, jit float64, 8 poses a tape', posetape('jit64', 8)],
        ['posetape, wasm', posetape('wasm', 1)],
        ['posetape, wasm, 8 poses a tape', posetape('wasm', 8)],
        ['PyTorch, pose by pose', n => peer('PyTorch', name, 'stream', n)],
        ['PyTorch, batches of 8', n => peer('PyTorch', name, 'batched', n, 'cpu', 8)],
      ];
      const rows: string[][] = [];
      const check = agreement();
      for (const [label, sideOf] of ways) {
        const isInstalled = sideOf(1).start !== undefined;
        if (!isInstalled) continue;
        next(`${title}: ${label}`);
        const row = [label];
        for (const n of counts) {
          const times = await askProcesses(sideOf(n), rounds, async process => {
            check(sideOf(n), await process.ask<Answer>('check'));
            return process.ask<Since>('since');
          });
          row.push(
            digits(median(times.map(({ wall }) => wall))),
            digits(median(times.map(({ cpu }) => cpu))),
          );
        }
        const calls = await askProcesses(sideOf(64), callProcesses, process =>
          process.ask<{ readonly times: readonly number[] }>('calls'),
        );
        for (const call of shownCalls)
          row.push(digits(median(calls.map(({ times }) => callTime(times, call)))));
        rows.push(row);
      }
      const heads = counts.flatMap(n => [`${n.toLocaleString('en')} poses: ms`, 'CPU ms']);
      const callHeads = shownCalls.map(call => `call ${call.toLocaleString('en')}`);
      sections.push({ title, head: ['', ...heads, ...callHeads], rows });
    }
    return {
      title: 'From a cold start',
      about: `The first columns are milliseconds (wall clock and CPU) from the start of a process to value and gradient of a smooth
minimum over its first poses, computed in one call. They include starting Node or Python, imports and generating the data, and are
medians of ${rounds} processes. The columns of calls are CPU milliseconds per pose in a new process that makes successive calls with
eight poses each, medians of ${callProcesses} processes. From the tenth call on, they are means over the last tenth of the calls.`,
      sections,
    };
  },
);

/** Starts `count` new processes of a side, one at a time, and returns the answer of each. */
async function askProcesses<Reply>(
  side: Side,
  count: number,
  ask: (process: Measured) => Promise<Reply>,
): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let i = 0; i < count; i++) {
    const process = (side.start as NonNullable<Side['start']>)();
    replies.push(await ask(process));
    await process.stop();
  }
  return replies;
}

/**
 * Returns the time of call number `call`. From the twentieth call on, it is the mean over the last tenth of the calls up to
 * this one, because the clock is too coarse for a single call.
 */
function callTime(times: readonly number[], call: number): number {
  const last = times.slice(call - Math.max(1, Math.floor(call / 10)), call);
  return last.reduce((sum, time) => sum + time, 0) / last.length;
}
