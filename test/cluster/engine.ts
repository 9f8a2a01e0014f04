import { setTimeout as sleep } from 'node:timers/promises';
import type { Found, Processes } from './processes.ts';

/** A way to spread work over machines, started for a test. */
export interface Engine {
  /** Faults besides killed workers, for the report. */
  readonly faults: string;
  /** True for a process that is a worker, which may be killed. */
  isWorker(found: Found): boolean;
  /** Output of one process, without the engine. */
  reference(): Promise<string>;
  /** Output of a run of this name. */
  result(run: string): Promise<string>;
  /** Ends the scheduler, or kills Redis, and starts it again. */
  restart(): Promise<void>;
  /** Kills the scheduler by `kill -9` where `restart` does not, starts it again, and does what its user then has to. */
  crash?(): Promise<void>;
  stop(): Promise<void>;
}

/** Place and size of a test's input. */
export interface Setting {
  readonly processes: Processes;
  /** Folder for all that is written. */
  readonly folder: string;
  /** Folder with `pocket.pdbqt`, `affinities.csv` and poses. */
  readonly poses: string;
  /** Poses of a chunk. */
  readonly chunk: number;
  readonly workers: number;
  readonly random: () => number;
}

export interface Outcome {
  readonly rounds: number;
  readonly kills: number;
  readonly seconds: readonly number[];
  readonly differing: number;
}

/** Runs again and again while workers are killed every few seconds, and compares every result with the reference. */
export async function torment(
  engine: Engine,
  { processes, random }: Setting,
  minutes: number,
): Promise<Outcome> {
  const expected = await engine.reference();
  const end = performance.now() + minutes * 60_000;
  const isOver = () => performance.now() >= end;
  const [seconds, failures]: [number[], Error[]] = [[], []];
  let [kills, differing, isDone] = [0, 0, false];
  const restart = sleep(minutes * 20_000)
    .then(() => engine.restart())
    .then(() => sleep(minutes * 20_000))
    .then(() => engine.crash?.())
    .catch(error => failures.push(error));
  const killing = (async () => {
    while (!isOver() && !isDone) {
      await sleep(1500 + 2500 * random());
      if (!isOver() && processes.killOne(engine.isWorker)) kills++;
    }
  })();
  try {
    for (let round = 1; round === 1 || !isOver(); round++) {
      const begun = performance.now();
      if ((await engine.result(`round${round}`)) !== expected) differing++;
      seconds.push((performance.now() - begun) / 1000);
    }
  } finally {
    isDone = true;
    await Promise.all([killing, restart]);
  }
  if (failures[0]) throw failures[0];
  return { rounds: seconds.length, kills, seconds, differing };
}
