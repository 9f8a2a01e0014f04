import { createInterface } from 'node:readline';
import { cpuTime } from './clock.ts';

/** Something that is timed: `run` does the work of so many `units`, such as poses. */
export interface Subject {
  readonly units: number;
  run(): unknown;
}

/** Milliseconds a unit: CPU time of all threads, and by the clock. */
export interface Round {
  readonly cpu: number;
  readonly wall: number;
}

/** A round is long enough for the clock and for caches to warm, and short enough to interleave. */
const round = { length: 60, warmUp: 1500 };

/** The time of so many runs, in milliseconds. */
export async function timeOf(run: () => unknown, times = 1): Promise<Round> {
  const [cpu, wall] = [cpuTime(), performance.now()];
  for (let i = 0; i < times; i++) await run();
  return { cpu: cpuTime() - cpu, wall: performance.now() - wall };
}

/**
 * Runs a subject until it is warm, for $BENCH_WARM_UP milliseconds if that is given; the work of a round is then a number of
 * runs that takes a while. A subject of which it is known how long a run takes is warm.
 */
export async function warmedUp({ units, run }: Subject, perRun?: number): Promise<() => Promise<Round>> {
  const warmUp = Number(process.env.BENCH_WARM_UP ?? round.warmUp);
  let [spent, runs, last] = [0, 0, perRun ?? 0];
  while (perRun === undefined && (runs < 2 || spent < warmUp)) {
    const { cpu, wall } = await timeOf(run);
    last = Math.max(cpu, wall);
    spent += last;
    runs++;
  }
  const times = Math.max(1, Math.round(round.length / Math.max(last, 1e-3)));
  return async () => {
    const { cpu, wall } = await timeOf(run, times);
    return { cpu: cpu / (times * units), wall: wall / (times * units) };
  };
}

/** Answers each line on stdin by a line of JSON, until stdin ends: how a measured process talks to its parent. */
export async function serve(answers: Readonly<Record<string, () => unknown>>): Promise<void> {
  for await (const question of createInterface({ input: process.stdin })) {
    const answer = answers[question];
    if (!answer) throw new Error(`no answer to ${question}`);
    process.stdout.write(`${JSON.stringify(await answer())}\n`);
  }
}
