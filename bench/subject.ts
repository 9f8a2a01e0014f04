// One way to do one workload, in a process of its own. Arguments: workload, way, number of poses N, executor, and how many
// poses share a tape.

import { type Executor, interpreter, jit } from 'posetape';
import { boltzmann, combineBatch, combinePoses, lse, type Strategy, squaredError } from 'posetape/combine';
import { wasm } from 'posetape/wasm';
import { SmoothMinimum } from './hand/fold.ts';
import { recorder } from './loops.ts';
import { stored } from './stored.ts';
import { cpuTime } from './support/clock.ts';
import { restartPeak } from './support/peak.ts';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { readTask } from './workloads/ingredients.ts';
import type { Task } from './workloads/tasks.ts';

/** `loops`: the generated loops and their copies alone; `hand`: written by hand; else everything, by that strategy. */
export type Way = 'loops' | 'hand' | 'stored' | Strategy;

/** `jit` computes in the precision of the workload. */
export const executorNames = ['jit', 'jit64', 'jit32', 'interpreter', 'wasm'] as const;
export type ExecutorName = (typeof executorNames)[number];

/** The answer, to check that all subjects compute the same. */
export interface Answer {
  readonly value: number;
  /** |∂ΔG/∂θ| */
  readonly norm: number;
}

/** Memory and time of the first run; `cpu` is milliseconds a pose. */
export interface Peak extends Round {
  /** By the engine's exact count, and of the predictions that are kept beside it. */
  readonly engineBytes: number;
  readonly predictionBytes: number;
  /** The peak of the process over what it had before; null where the system does not tell. */
  readonly processBytes: number | null;
}

/** Milliseconds since the process was started: $BENCH_STARTED, in milliseconds since 1970, says when. */
export interface Since {
  readonly cpu: number;
  readonly wall: number;
}

interface Result extends Answer {
  readonly engineBytes: number;
  readonly predictionBytes: number;
}

const [workload = '', given = 'stream', count = '1', name = 'jit', perTape = '1'] = process.argv.slice(2);
const way = given as Way;
const [n, posesPerTape] = [Number(count), Number(perTape)];
const task = await readTask(workload, n);
const executor = executorOf(name as ExecutorName);

function executorOf(which: ExecutorName): Executor {
  if (which === 'wasm') return wasm();
  if (which === 'interpreter') return interpreter({ precision: task.precision });
  return jit({ precision: which === 'jit' ? task.precision : which === 'jit64' ? 'float64' : 'float32' });
}

/** All poses, or those of a call. */
async function run(of: Pick<Task, 'poses' | 'compounds'> = task, by = executor): Promise<Result> {
  const { params, score, scoreGroup } = task;
  // Typed as if poses were alone on their tapes: which of the two it is, is known only here.
  const scoring = (posesPerTape > 1 && scoreGroup ? { score: scoreGroup, posesPerTape } : { score }) as Pick<
    Task,
    'score'
  >;
  const strategy = way === 'loops' ? 'stream' : (way as Strategy);
  if (of.compounds) {
    const { loss, gradient, stats } = await combineBatch({
      ...scoring,
      compounds: of.compounds,
      params,
      combination: boltzmann({ kT: 0.593 }),
      loss: (x, { compound }) => squaredError(compound.target)(x),
      executor: by,
      strategy,
    });
    const norm = normOf(Object.values(gradient).map(({ data }) => data));
    return { value: loss as number, norm, engineBytes: stats.peakBytes, predictionBytes: 0 };
  }
  const options = { poses: of.poses, params, combination: lse(), executor: by };
  const { value, gradient, stats } = await (way === 'stored'
    ? stored({ ...options, score })
    : combinePoses({ ...options, ...scoring, strategy }));
  const norm = normOf(Object.values(gradient).map(({ data }) => data));
  return { value, norm, engineBytes: stats.peakBytes, predictionBytes: stats.predictionBytes };
}

function byHand(): Answer {
  const { hand, poses } = task;
  if (!hand) throw new Error(`${workload} is not written by hand`);
  const minimum = new SmoothMinimum(hand.gradient.length);
  for (const pose of poses) minimum.add(hand.run(pose), hand.gradient);
  return { value: minimum.finish(), norm: normOf([minimum.gradient]) };
}

function normOf(arrays: readonly ArrayLike<number>[]): number {
  let sum = 0;
  for (const array of arrays) for (let i = 0; i < array.length; i++) sum += (array[i] as number) ** 2;
  return Math.sqrt(sum);
}

/** The work that a round repeats. */
async function work(): Promise<() => unknown> {
  if (way === 'hand') return byHand;
  if (way !== 'loops') return () => run();
  const { executor, runs } = recorder(name, name === 'jit64' ? 'float64' : task.precision);
  await run(task, executor);
  const made = [...runs];
  return () => {
    for (const each of made) each.run();
  };
}

let next: Promise<() => Promise<Round>> | undefined;

await serve({
  check: (): Answer | Promise<Answer> => (way === 'hand' ? byHand() : run()),
  round: async (): Promise<Round> => {
    next ??= work().then(again => warmedUp({ units: n, run: again }));
    return (await next)();
  },
  since: (): Since => ({ cpu: cpuTime(), wall: Date.now() - Number(process.env.BENCH_STARTED) }),
  /** The first run of all poses, after some of the small one; and more, until it has scored $BENCH_LEAST poses. */
  peak: async (): Promise<Peak> => {
    const { small } = task;
    for (let i = 0; small !== undefined && i < 20; i++) await run({ poses: [small, small] });
    const peak = restartPeak();
    const start = cpuTime();
    const { engineBytes = 0, predictionBytes = 0 } = (await (way === 'hand' ? byHand() : run())) as Result;
    const cpu = (cpuTime() - start) / n;
    let last = cpu;
    for (let scored = n; scored < Number(process.env.BENCH_LEAST ?? 0); scored += n) {
      const from = cpuTime();
      await run();
      last = (cpuTime() - from) / n;
    }
    const processBytes = peak();
    // Whatever has scored all poses is warm.
    if (way !== 'hand') next = warmedUp({ units: n, run: () => run() }, last * n);
    return { cpu, engineBytes, predictionBytes, processBytes };
  },
  /** CPU milliseconds a pose of call after call, with 8 poses each. */
  calls: async (): Promise<{ readonly times: readonly number[] }> => {
    const times: number[] = [];
    for (let call = 0; call < 1000; call++) {
      const poses = Array.from({ length: 8 }, (_, i) => task.poses[(8 * call + i) % n]);
      const start = cpuTime();
      await run({ poses });
      times.push((cpuTime() - start) / 8);
    }
    return { times };
  },
});
