import { createInterface } from 'node:readline';
import { cpuTime } from './clock.ts';

/** Work to time: `run` does `units` units of it, such as poses. */
export interface Subject {
  readonly units: number;
  run(): unknown;
}

/** Milliseconds a unit: CPU time of all threads, and wall-clock time. */
export interface Round {
  readonly cpu: number;
  readonly wall: number;
}

/** Milliseconds: a round must be long enough for the clock and the caches, and short enough to interleave. */
const round = { length: 60, warmUp: 1500 };

/** The time of `times` runs, in milliseconds. */
export async function timeOf(run: () => unknown, times = 1): Promise<Round> {
  const [cpu, wall] = [cpuTime(), performance.now()];
  for (let i = 0; i < times; i++) await run();
  return { cpu: cpuTime() - cpu, wall: performance.now() - wall };
}

/**
 * Runs a subject until it is warm ($BENCH_WARM_UP milliseconds, if set), and returns a function that times a round of
 * several runs. A subject with a known time `perRun` is already warm.
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

/** Answers each line on stdin with a line of JSON until stdin ends, for the parent of a measured process. */
export async function serve(answers: Readonly<Record<string, () => unknown>>): Promise<void> {
  for await (const question of createInterface({ input: process.stdin })) {
    const answer = answers[question];
    if (!answer) throw new Error(`no answer to ${question}`);
    process.stdout.write(`${JSON.stringify(await answer())}\n`);
  }
}
