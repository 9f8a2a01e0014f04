import { createInterface } from 'node:readline';
import { cpuTime } from './clock.ts';

/** Work to time. */
export interface Subject {
  /** Number of units, such as poses, that a run does. */
  readonly units: number;
  run(): unknown;
}

/** Milliseconds. Those of a timed round are per unit. */
export interface Round {
  /** CPU time of all threads. */
  readonly cpu: number;
  /** Wall-clock time. */
  readonly wall: number;
}

/**
 * Milliseconds of a round and of the warm-up. A round must be much longer than the resolution of the clock and the time to
 * fill the caches. It must also be short, so that rounds of different sides can be interleaved.
 */
const round = { length: 60, warmUp: 1500 };

/** Runs `times` times in sequence, and returns the total time in milliseconds. */
export async function timeOf(run: () => unknown, times = 1): Promise<Round> {
  const [cpu, wall] = [cpuTime(), performance.now()];
  for (let i = 0; i < times; i++) await run();
  return { cpu: cpuTime() - cpu, wall: performance.now() - wall };
}

/**
 * Warms up a subject for $BENCH_WARM_UP milliseconds, or a default time if that is not set. Returns a function that times one
 * round of one or more runs.
 *
 * @param perRun milliseconds of a run, if the subject is already warm. It is then not warmed up again.
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

/**
 * Reads questions, one on each line of stdin, until stdin ends. Answers each with a line of JSON on stdout. A measured process
 * calls this.
 */
export async function serve(answers: Readonly<Record<string, () => unknown>>): Promise<void> {
  for await (const question of createInterface({ input: process.stdin })) {
    const answer = answers[question];
    if (!answer) throw new Error(`unknown question ${question}`);
    process.stdout.write(`${JSON.stringify(await answer())}\n`);
  }
}
