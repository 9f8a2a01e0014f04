// Times the stages of a pose before and after its loops, in a process of its own. Argument: the scorer.

import { interpreter, jit, Memory, type Precision } from 'posetape';
import { combinePoses, lse, type Params, type Scorer } from 'posetape/combine';
import { layoutOf, lifetimesOf } from '../engine/compile/layout.ts';
import { planOf } from '../engine/compile/plan.ts';
import { lengthOf } from '../engine/compile/sizes.ts';
import { structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import { jitTarget } from '../engine/jit/jit.ts';
import { type PieceName, pieceNames } from './piece-names.ts';
import { readied, record, withGradient } from './pieces.ts';
import { cpuTime, median } from './support/clock.ts';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { posesFor } from './workloads/ensembles.ts';
import { readPairs, workloadFolder } from './workloads/files.ts';
import { pairLists, pairParams, scoreList } from './workloads/pairs.ts';
import { scorer } from './workloads/scorers.ts';

/** `vina`: the Vina scorer on real poses; `schnet`: the SchNet of the report on them; `list`: workload B. */
export type TapeName = 'vina' | 'schnet' | 'list';

export interface TapeFacts {
  /** Values that the scorer records, without and with the gradient. */
  readonly forward: number;
  readonly values: number;
  readonly loops: number;
  readonly products: number;
}

/** CPU milliseconds of planning and compiling a structure that is new. */
export interface PlanTime {
  readonly cpu: number;
}

/** Number of structures planned after one pose, and after all poses. */
export interface Planned {
  readonly first: number;
  readonly all: number;
}

/** Bytes by the engine's count: of a pose alone, at most; of the state; of 256 poses streamed. */
export interface EnginePeak {
  readonly pose: number;
  readonly state: number;
  readonly streamed: number;
}

interface Task {
  readonly poses: readonly unknown[];
  readonly params: Params;
  readonly score: Scorer<unknown, Params>;
  readonly precision: Precision;
}

async function taskOf(name: TapeName): Promise<Task> {
  if (name !== 'list') return { ...scorer(name), ...(await posesFor(name)), precision: 'float64' };
  const data = await readPairs(await workloadFolder(), 64);
  const score = scoreList as unknown as Task['score'];
  return { poses: pairLists(data, 64), params: pairParams(data), score, precision: 'float32' };
}

const task = await taskOf(process.argv[2] as TapeName);
const { poses, params, score, precision } = task;
const tapeOf = (pose: unknown) => withGradient(record(score, params, pose));

/** Does something for each pose, as many at a time as there are. */
function forEachPose(run: (index: number) => unknown): () => Promise<() => Promise<Round>> {
  const all = () => {
    for (let i = 0; i < poses.length; i++) run(i);
  };
  return () => warmedUp({ units: poses.length, run: all });
}

function piece(name: PieceName): () => Promise<() => Promise<Round>> {
  if (name === 'record') return forEachPose(i => record(score, params, poses[i]));
  if (name === 'record+gradient') return forEachPose(i => tapeOf(poses[i]));
  if (name === 'whole') {
    const executor = jit({ precision });
    const run = () => combinePoses({ poses, params, score, combination: lse(), executor });
    return () => warmedUp({ units: poses.length, run });
  }
  const tapes = poses.map(tapeOf);
  if (name === 'key') {
    return forEachPose(i => {
      const wanted = tapes[i] as (typeof tapes)[number];
      return structureOf(liveValues(wanted), wanted, precision);
    });
  }
  const ready = readied(tapes, jitTarget(precision));
  const lifetimes = ready.map(({ plan }) => lifetimesOf(plan));
  return forEachPose(i => {
    const { plan, structure, run } = ready[i] as (typeof ready)[number];
    if (name !== 'layout') return run();
    const lengths = plan.buffers.map(({ shape }) => lengthOf(shape, structure.sizes));
    return layoutOf(lifetimes[i] as (typeof lifetimes)[number], lengths);
  });
}

/** Time of the first run of a structure minus that of the second. */
function planTime(): number {
  const wanted = tapeOf(poses[0]);
  const executor = jit({ precision });
  const timed = () => {
    const start = cpuTime();
    executor.run(wanted);
    return cpuTime() - start;
  };
  const first = timed();
  return first - timed();
}

const rounds = new Map<PieceName, Promise<() => Promise<Round>>>();
const pieceAnswers = Object.fromEntries(
  pieceNames.map(name => [
    name,
    async () => {
      const round = rounds.get(name) ?? piece(name)();
      rounds.set(name, round);
      return (await round)();
    },
  ]),
);

await serve({
  ...pieceAnswers,
  facts: (): TapeFacts => {
    const wanted = tapeOf(poses[0]);
    const live = liveValues(wanted);
    const { steps } = planOf(live, wanted, structureOf(live, wanted, precision), { guesses: true });
    const loops = steps.filter(({ kind }) => kind === 'loop').length;
    const values = wanted[0]?.tape.values.length ?? 0;
    const { y } = record(score, params, poses[0]);
    return { forward: y.tape.values.length, values, loops, products: steps.length - loops };
  },
  /** To be asked first: in a process that has planned nothing yet. */
  cold: (): PlanTime => ({ cpu: planTime() }),
  warm: async (): Promise<PlanTime> => {
    await warmedUp({ units: 1, run: planTime });
    return { cpu: median(Array.from({ length: 20 }, planTime)) };
  },
  planned: (): Planned => {
    const executor = jit({ precision });
    const counts = poses.map(pose => {
      executor.run(tapeOf(pose));
      return executor.planned;
    });
    return { first: counts[0] ?? 0, all: counts.at(-1) ?? 0 };
  },
  'jit peak': () => enginePeak(jit({ precision })),
  'interpreter peak': () => enginePeak(interpreter({ precision })),
});

async function enginePeak(executor: ReturnType<typeof interpreter>): Promise<EnginePeak> {
  const peaks = poses.map(pose => {
    const memory = new Memory();
    executor.run(tapeOf(pose), { memory });
    return memory.peak;
  });
  const all = Array.from({ length: 256 }, (_, n) => poses[n % poses.length]);
  const { stats } = await combinePoses({ poses: all, params, score, combination: lse(), executor });
  const accumulator = lse().accumulator();
  accumulator.add(0, params);
  return { pose: Math.max(...peaks), state: accumulator.bytes, streamed: stats.peakBytes };
}
