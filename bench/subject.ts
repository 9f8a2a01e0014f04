// One way to do one workload, in a process of its own. Arguments: workload, way, number of poses, `jit` or `wasm`.

import { type Executor, jit } from 'posetape';
import { combinePoses, lse, type Params, type Scorer, type Strategy } from 'posetape/combine';
import { wasm } from 'posetape/wasm';
import { jitTarget } from '../engine/jit/jit.ts';
import { wasmTarget } from '../engine/wasm/wasm.ts';
import type { Pose as VinaPose } from '../examples/vina/pairs.ts';
import { score as vinaScore, vinaWeights } from '../examples/vina/score.ts';
import { SmoothMinimum } from './hand/fold.ts';
import { handPairs } from './hand/pairs.ts';
import { type HandWeights, handVina } from './hand/vina.ts';
import { readied, record, withGradient } from './pieces.ts';
import { stored } from './stored.ts';
import { restartPeak } from './support/peak.ts';
import { type Round, type Subject, serve, warmedUp } from './support/serve.ts';
import { vinaPoses } from './workloads/ensembles.ts';
import { readNetwork, readPairs, workloadFolder } from './workloads/files.ts';
import { networkOf, networkPoses } from './workloads/network.ts';
import { densePoses, pairLists, pairParams, scoreDense, scoreList } from './workloads/pairs.ts';

export type Workload = 'network' | 'list' | 'dense' | 'vina';

/** `loops`: the generated loops alone; `hand`: written by hand; else everything, by the strategy of that name. */
export type Way = 'loops' | 'hand' | 'stored' | Strategy;

/** The answer, to check that all subjects compute the same. */
export interface Answer {
  readonly value: number;
  /** |∂ΔG/∂θ| */
  readonly norm: number;
}

/** The peak of the process in the first run, over what it had before; null where the system does not tell. */
export interface ProcessPeak {
  readonly processBytes: number | null;
}

interface Task<Pose = unknown, P extends Params = Params> {
  readonly poses: readonly Pose[];
  readonly params: P;
  readonly score: Scorer<Pose, P>;
  readonly precision: 'float32' | 'float64';
  /** A pose by hand: ΔG, and its gradient in the array. */
  readonly hand?: { readonly gradient: Float64Array; readonly run: (pose: Pose) => number };
}

async function taskOf(workload: Workload, count: number): Promise<Task> {
  const erased = <Pose, P extends Params>(task: Task<Pose, P>) => task as unknown as Task;
  if (workload === 'vina') {
    const { poses } = await vinaPoses();
    const { gradient, score } = handVina();
    const params = vinaWeights();
    const weights = Object.values(params).map(({ data }) => data[0]) as unknown as HandWeights;
    return erased({
      poses: Array.from({ length: count }, (_, n) => poses[n % poses.length] as VinaPose),
      params,
      score: vinaScore,
      precision: 'float64',
      hand: { gradient, run: pose => score(pose, weights) },
    });
  }
  const folder = await workloadFolder();
  if (workload === 'network') {
    const data = await readNetwork(folder, count);
    return erased({ ...networkOf(data), poses: networkPoses(data, count), precision: 'float32' });
  }
  const data = await readPairs(folder, count);
  const params = pairParams(data);
  const { gradient, list, dense } = handPairs(params);
  return workload === 'list'
    ? erased({
        poses: pairLists(data, count),
        params,
        score: scoreList,
        precision: 'float32',
        hand: { gradient, run: list },
      })
    : erased({
        poses: densePoses(data, count),
        params,
        score: scoreDense,
        precision: 'float32',
        hand: { gradient, run: dense },
      });
}

function subjectOf(task: Task, way: Way, executor: Executor): Subject & { run(): Answer | Promise<Answer> } {
  const { poses, params, score, precision, hand } = task;
  const units = poses.length;
  if (way === 'loops') {
    const tapes = poses.map(pose => withGradient(record(score, params, pose)));
    const isWasm = executor.name.startsWith('wasm');
    const ready = isWasm ? readied(tapes, wasmTarget(true)) : readied(tapes, jitTarget(precision));
    const run = () => {
      for (const each of ready) each.run();
      return { value: Number.NaN, norm: Number.NaN };
    };
    return { units, run };
  }
  if (way === 'hand') {
    if (!hand) throw new Error('this workload is not written by hand');
    const run = () => {
      const minimum = new SmoothMinimum(hand.gradient.length);
      for (const pose of poses) minimum.add(hand.run(pose), hand.gradient);
      return { value: minimum.finish(), norm: normOf([minimum.gradient]) };
    };
    return { units, run };
  }
  const options = { poses, params, score, combination: lse(), executor };
  const run = async () => {
    const { value, gradient } = await (way === 'stored'
      ? stored(options)
      : combinePoses({ ...options, strategy: way }));
    return { value, norm: normOf(Object.values(gradient).map(({ data }) => data)) };
  };
  return { units, run };
}

function normOf(arrays: readonly ArrayLike<number>[]): number {
  let sum = 0;
  for (const array of arrays) for (let i = 0; i < array.length; i++) sum += (array[i] as number) ** 2;
  return Math.sqrt(sum);
}

const [workload, way, count, runner = 'jit'] = process.argv.slice(2);
const task = await taskOf(workload as Workload, Number(count));
const executor = runner === 'wasm' ? wasm() : jit({ precision: task.precision });
const subject = subjectOf(task, way as Way, executor);
let next: Promise<() => Promise<Round>> | undefined;

await serve({
  peak: async (): Promise<ProcessPeak> => {
    const peak = restartPeak();
    await subject.run();
    return { processBytes: peak() };
  },
  check: () => subject.run(),
  round: async () => {
    next ??= warmedUp(subject);
    return (await next)();
  },
});
