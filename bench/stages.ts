// The stages of a pose, each timed on its own, in a process of its own. Argument: the workload.

import { interpreter, jit, Memory } from 'posetape';
import { combinePoses, lse } from 'posetape/combine';
import { layoutOf, lifetimesOf } from '../engine/compile/layout.ts';
import { lengthOf } from '../engine/compile/sizes.ts';
import { structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import { planned, record, recorder, withGradient } from './loops.ts';
import type { StageName, TapeFacts } from './stages-table.ts';
import { cpuTime, median } from './support/clock.ts';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { readTask } from './workloads/ingredients.ts';

/** Bytes by the engine's count: of a pose alone, at most; of the state; of 256 poses streamed. */
export interface EnginePeak {
  readonly pose: number;
  readonly state: number;
  readonly streamed: number;
}

/** Number of structures planned after one pose, and after all poses. */
export interface Planned {
  readonly first: number;
  readonly all: number;
}

const { poses, params, score, precision } = await readTask(process.argv[2] as string, 64);
const tapeOf = (pose: unknown) => withGradient(record(score, params, pose));

/** Does something for each pose, as many at a time as there are. */
const forEachPose = (run: (index: number) => unknown) =>
  warmedUp({
    units: poses.length,
    run: () => {
      for (let i = 0; i < poses.length; i++) run(i);
    },
  });

const stages: Readonly<Record<StageName, () => Promise<() => Promise<Round>>>> = {
  record: () => forEachPose(i => record(score, params, poses[i])),
  'record+gradient': () => forEachPose(i => tapeOf(poses[i])),
  key: () => {
    const tapes = poses.map(tapeOf);
    return forEachPose(i => structureOf(liveValues(tapes[i] ?? []), tapes[i] ?? [], precision));
  },
  layout: () => {
    const known = recordedRuns().map(({ plan, structure }) => {
      const lengths = plan.buffers.map(({ shape }) => lengthOf(shape, structure.sizes));
      return { lifetimes: lifetimesOf(plan), lengths };
    });
    return forEachPose(i => {
      const { lifetimes, lengths } = known[i] as (typeof known)[number];
      return layoutOf(lifetimes, lengths);
    });
  },
  loops: () => {
    const runs = recordedRuns();
    return forEachPose(i => runs[i]?.run());
  },
  whole: () => {
    const executor = jit({ precision });
    const run = () => combinePoses({ poses, params, score, combination: lse(), executor });
    return warmedUp({ units: poses.length, run });
  },
};

function recordedRuns() {
  const { executor, runs } = recorder('jit', precision);
  for (const pose of poses) executor.run(tapeOf(pose));
  return runs;
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

const rounds = new Map<string, Promise<() => Promise<Round>>>();
const ofStages = Object.entries(stages).map(([name, stage]) => [
  name,
  async () => {
    const round = rounds.get(name) ?? stage();
    rounds.set(name, round);
    return (await round)();
  },
]);

await serve({
  ...Object.fromEntries(ofStages),
  facts: (): TapeFacts => {
    const wanted = tapeOf(poses[0]);
    const { steps } = planned(wanted, precision).plan;
    const loops = steps.filter(({ kind }) => kind === 'loop').length;
    const { y } = record(score, params, poses[0]);
    return {
      forward: y.tape.values.length,
      values: wanted[0]?.tape.values.length ?? 0,
      loops,
      products: steps.length - loops,
    };
  },
  /** CPU milliseconds of planning and compiling a new structure; to be asked first, when nothing has been planned yet. */
  cold: (): Round => ({ cpu: planTime() }),
  warm: async (): Promise<Round> => {
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
