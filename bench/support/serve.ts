import { createInterface } from 'node:readline';
import { cpuTime } from './clock.ts';

/** Work to time. */
export interface Subject {
  /** Number of units, such as poses, that a run does. */
  readonly units: number;
  run(): unknown;
}

/** Milliseconds per unit. */
export interface Round {
  /** CPU time of all threads. */
  readonly cpu: number;
  /** Wall-clock time. */
  readonly wall: number;
}

/** Milliseconds of a round and of the warm-up. A round must be long enough for the clock and the caches, and short enough to interleave. */
const round = { length: 60, warmUp: 1500 };

/** Returns the time of `times` runs together, in milliseconds. */
export async function timeOf(run: () => unknown, times = 1): Promise<Round> {
  const [cpu, wall] = [cpuTime(), performance.now()];
  for (let i = 0; i < times; i++) await run();
  return { cpu: cpuTime() - cpu, wall: performance.now() - wall };
}

/**
 * Warms up a subject, for $BENCH_WARM_UP milliseconds if that is set. Returns a function that times a round of several runs.
 *
 * @param perRun milliseconds of a run, if the subject is already warm
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

/** Answers each question, which is a line on stdin, with a line of JSON until stdin ends. Called by a measured process. */
export async function serve(answers: Readonly<Record<string, () => unknown>>): Promise<void> {
  for await (const question of createInterface({ input: process.stdin })) {
    const answer = answers[question];
    if (!answer) throw new Error(`unknown question ${question}`);
    process.stdout.write(`${JSON.stringify(await answer())}\n`);
  }
}
