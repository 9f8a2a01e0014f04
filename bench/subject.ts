// Process that benchmarks measure. It runs a workload with posetape. Arguments: workload, way, number of poses N, executor, and
// number of poses per tape.

import { type Executor, interpreter, jit } from 'posetape';
import {
  boltzmann,
  combineBatch,
  combinePoses,
  lse,
  type Params,
  type Strategy,
  squaredError,
} from 'posetape/combine';
import type { BackendName } from 'posetape/gpu';
import { wasm } from 'posetape/wasm';
import { SmoothMinimum } from './hand/fold.ts';
import { executorKeepingRuns } from './loops.ts';
import { cpuTime } from './support/clock.ts';
import { restartPeak } from './support/peak.ts';
import { type Round, serve, timeOf, warmedUp } from './support/serve.ts';
import { readTask, type Task } from './workloads/tasks.ts';

/**
 * Work that a run does. `loops`: only the loops that the executor generated, and the copies of their inputs. `hand`:
 * hand-written code. The name of a strategy: all of posetape's work, with this strategy.
 */
export type Way = 'loops' | 'hand' | Strategy;

/** Name of an executor. `jit` and `interpreter` compute in the precision of the workload. */
export type ExecutorName = 'jit' | 'jit64' | 'jit32' | 'interpreter' | 'wasm' | `gpu ${BackendName}`;

/** Result of a run. The results of different processes are compared to check that they are equal up to rounding. */
export interface Answer {
  /** ΔG, or the loss. */
  readonly value: number;
  /** Norm of the gradient. */
  readonly norm: number;
}

/** Answer and time of the first run, in milliseconds per pose, and memory. */
export interface Peak extends Round, Answer {
  /** Peak of the bytes that the engine holds. The engine counts them exactly. */
  readonly engineBytes: number;
  /** Peak of the bytes on the device of `gpu()`; 0 for other executors. */
  readonly deviceBytes: number;
  /** Peak memory of the process in the first run and its repetitions, minus its memory before; null if not reported. */
  readonly processBytes: number | null;
  /** True if the first run is much longer than the next one, because most of its time is planning. */
  readonly isMostlyPlanning: boolean;
}

/** Time since the start of the process, in milliseconds. $BENCH_STARTED is the time of the start, in milliseconds since 1970. */
export type Since = Round;

type Result = Answer & Pick<Peak, 'engineBytes' | 'deviceBytes'>;

const [workload = '', wayName = 'stream', count = '1', executorName = 'jit', perTape = '1'] =
  process.argv.slice(2);
const way = wayName as Way;
const [n, posesPerTape] = [Number(count), Number(perTape)];
/** Maximum number of different poses. For larger N they are repeated, and predictions are not kept. */
const maxDistinctPoses = 100_000;
const task = await readTask(workload, Math.min(n, maxDistinctPoses));
// Executor that the command line names, created in the first run. If that fails, so does the question that started the run.
let namedExecutor: Promise<Executor> | undefined;

async function executorOf(which: ExecutorName): Promise<Executor> {
  if (which === 'wasm') return wasm();
  if (which === 'interpreter') return interpreter({ precision: task.precision });
  if (which.startsWith('gpu ')) {
    const { gpu } = await import('posetape/gpu');
    return gpu({ mode: which.slice('gpu '.length) as BackendName });
  }
  return jit({ precision: which === 'jit' ? task.precision : which === 'jit64' ? 'float64' : 'float32' });
}

function* repeated(poses: readonly unknown[]): Generator<unknown> {
  for (let i = 0; i < n; i++) yield poses[i % poses.length];
}

/** Scores poses with an executor. Default: all poses, with the executor that the command line names. */
async function run(given?: readonly unknown[], by?: Executor): Promise<Result> {
  namedExecutor ??= executorOf(executorName as ExecutorName);
  const { params, score, scoreGroup } = task;
  // Typed as a scorer of single poses in both cases, because types cannot follow a choice made at run time.
  const scoring = (posesPerTape > 1 && scoreGroup ? { score: scoreGroup, posesPerTape } : { score }) as Pick<
    Task,
    'score'
  >;
  const strategy = way === 'loops' ? 'stream' : (way as Strategy);
  const executor = by ?? (await namedExecutor);
  if (task.compounds && !given) {
    const { loss, gradient, stats } = await combineBatch({
      ...scoring,
      params,
      compounds: task.compounds,
      combination: boltzmann({ kT: 0.593 }), // room temperature, in kcal/mol
      loss: (x, { compound }) => squaredError(compound.target)(x),
      executor,
      strategy,
    });
    return {
      value: loss as number,
      norm: gradientNorm(gradient),
      engineBytes: stats.peakBytes,
      deviceBytes: 0,
    };
  }
  const isLong = given === undefined && n > maxDistinctPoses;
  const { value, gradient, stats } = await combinePoses({
    ...scoring,
    params,
    poses: isLong ? repeated(task.poses) : (given ?? task.poses),
    combination: lse(),
    executor,
    strategy,
    keepPredictions: !isLong,
  });
  return {
    value,
    norm: gradientNorm(gradient),
    engineBytes: stats.peakBytes,
    deviceBytes: stats.device?.peakBytes ?? 0,
  };
}

function byHand(): Result {
  const { hand, poses } = task;
  if (!hand) throw new Error(`${workload} has no hand-written version`);
  const minimum = new SmoothMinimum(hand.gradient.length);
  for (const pose of poses) minimum.add(hand.run(pose), hand.gradient);
  return { value: minimum.finish(), norm: normOf([minimum.gradient]), engineBytes: 0, deviceBytes: 0 };
}

function gradientNorm(gradient: Params): number {
  return normOf(Object.values(gradient).map(({ data }) => data));
}

function normOf(arrays: readonly ArrayLike<number>[]): number {
  let sum = 0;
  for (const array of arrays) for (let i = 0; i < array.length; i++) sum += (array[i] as number) ** 2;
  return Math.sqrt(sum);
}

const runAll = way === 'hand' ? byHand : () => run();

/** Returns the work that a round repeats. */
async function work(): Promise<() => unknown> {
  if (way !== 'loops') return runAll;
  const { executor, runs } = executorKeepingRuns(
    executorName,
    executorName === 'jit64' ? 'float64' : task.precision,
  );
  await run(undefined, executor);
  const poseRuns = [...runs];
  return () => {
    for (const poseRun of poseRuns) poseRun.run();
  };
}

let timeRound: Promise<() => Promise<Round>> | undefined;

await serve({
  check: runAll,
  round: async (): Promise<Round> => {
    timeRound ??= work().then(again => warmedUp({ units: n, run: again }));
    return (await timeRound)();
  },
  since: (): Since => ({ cpu: cpuTime(), wall: Date.now() - Number(process.env.BENCH_STARTED) }),
  /**
   * Warms up with runs of `warmUpPose`, if the task has it. Then scores all poses, again and again until at least
   * $BENCH_LEAST poses have been scored.
   */
  peak: async (): Promise<Peak> => {
    const { warmUpPose } = task;
    for (let i = 0; warmUpPose !== undefined && i < 20; i++) await run([warmUpPose, warmUpPose]);
    const peak = restartPeak();
    let result: Result | undefined;
    const first = await timeOf(async () => {
      result = await runAll();
    });
    let last = first;
    for (let scored = n; scored < Number(process.env.BENCH_LEAST ?? 0); scored += n)
      last = await timeOf(runAll);
    const processBytes = peak();
    // After these runs no further warm-up is needed.
    timeRound = warmedUp({ units: n, run: runAll }, last.wall);
    const isMostlyPlanning = way === 'full-graph' && executorName !== 'interpreter';
    const perPose = { cpu: first.cpu / n, wall: first.wall / n };
    return { ...(result as Result), ...perPose, processBytes, isMostlyPlanning };
  },
  /** Makes 1000 successive calls with 8 poses each. Returns the CPU milliseconds per pose of each call. */
  calls: async (): Promise<{ readonly times: readonly number[] }> => {
    const times: number[] = [];
    for (let call = 0; call < 1000; call++) {
      const poses = Array.from({ length: 8 }, (_, i) => task.poses[(8 * call + i) % n]);
      times.push((await timeOf(() => run(poses))).cpu / 8);
    }
    return { times };
  },
});
