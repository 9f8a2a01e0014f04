import { setTimeout as sleep } from 'node:timers/promises';
import type { Processes, RunningProcess } from './processes.ts';

/** System that spreads work over machines, started for a test. */
export interface Engine {
  /** Description of the faults besides killed workers, for the report. */
  readonly faults: string;
  /** True for a worker, which the test may kill. */
  isWorker(running: RunningProcess): boolean;
  /** Result of a single process, without the engine. */
  reference(): Promise<string>;
  /** Result of a run by the engine. `run` is the name of the run. */
  result(run: string): Promise<string>;
  /** Stops the scheduler, or kills Redis, and starts it again. */
  restart(): Promise<void>;
  /** Kills the scheduler by `kill -9`, restarts it, and does what its user must do then. Absent if `restart` already kills. */
  crash?(): Promise<void>;
  stop(): Promise<void>;
}

/** Input of a test, and its sizes. */
export interface Setting {
  readonly processes: Processes;
  /** Folder for all output. */
  readonly folder: string;
  /** Folder with `pocket.pdbqt`, `affinities.csv` and poses. */
  readonly poses: string;
  /** Number of poses in a chunk. */
  readonly chunk: number;
  readonly workers: number;
  readonly random: () => number;
}

/** Outcome of {@link torment}. */
export interface Outcome {
  readonly rounds: number;
  readonly kills: number;
  /** Duration of each round. */
  readonly seconds: readonly number[];
  /** Number of results that differ from the reference. */
  readonly differing: number;
}

/**
 * Runs the engine repeatedly for some minutes, kills a worker every few seconds, and compares every result with the
 * reference. After a third of the time, it calls `restart`; after two thirds, `crash`.
 */
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
  const restarts = sleep(minutes * 20_000)
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
    await Promise.all([killing, restarts]);
  }
  if (failures[0]) throw failures[0];
  return { rounds: seconds.length, kills, seconds, differing };
}
