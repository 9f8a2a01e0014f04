import { SmoothMinimum } from '../hand/fold.ts';
import { restartPeak } from '../support/peak.ts';
import { type Round, serve, warmedUp } from '../support/serve.ts';

/** ΔG or a combination, and its gradient: an array for each parameter. */
export interface Differentiated {
  readonly energy: number;
  readonly slopes: readonly Float32Array[];
}

/** A system at work on some poses. */
export interface Peer<Pose> {
  readonly version: string;
  readonly poses: readonly Pose[];
  ofPose(pose: Pose): Differentiated | Promise<Differentiated>;
  /** The smooth minimum of all poses, by one graph. */
  ofAll(): Differentiated | Promise<Differentiated>;
}

/** Answers what is asked of it: its version, what comes out, memory and time. `strategy` is full-graph or stream. */
export async function servePeer<Pose>(
  { version, poses, ofPose, ofAll }: Peer<Pose>,
  strategy: string,
): Promise<void> {
  const stream = async () => {
    let minimum: SmoothMinimum | undefined;
    for (const pose of poses) {
      const { energy, slopes } = await ofPose(pose);
      const flat = joined(slopes);
      minimum ??= new SmoothMinimum(flat.length);
      minimum.add(energy, flat);
    }
    return { value: minimum?.finish() ?? 0, norm: normOf(minimum?.gradient ?? []) };
  };
  const fullGraph = async () => {
    const { energy, slopes } = await ofAll();
    return { value: energy, norm: normOf(joined(slopes)) };
  };
  const run = strategy === 'full-graph' ? fullGraph : stream;
  let next: Promise<() => Promise<Round>> | undefined;
  await serve({
    version: () => ({ version }),
    check: run,
    peak: async () => {
      const peak = restartPeak();
      await run();
      return { processBytes: peak() };
    },
    round: async () => {
      next ??= warmedUp({ units: poses.length, run });
      return (await next)();
    },
  });
}

function joined(arrays: readonly Float32Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function normOf(slopes: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < slopes.length; i++) sum += (slopes[i] as number) ** 2;
  return Math.sqrt(sum);
}
