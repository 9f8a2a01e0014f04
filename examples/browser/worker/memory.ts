import { type Executor, interpreter, jit } from 'posetape';
import { boltzmann, combinePoses, type Strategy } from 'posetape/combine';
import type { Pose } from '../../vina/pairs.ts';
import { score, vinaWeights } from '../../vina/score.ts';
import type { Context, Report } from './tasks.ts';
import { type MemoryPoint, type MemoryProgress, type WayName, wayNames } from './ways.ts';

/** How each way is run. */
const ways: Readonly<Record<WayName, { strategy: Strategy; executor: () => Executor }>> = {
  'full graph': { strategy: 'full-graph', executor: interpreter },
  'one tape at a time, interpreter': { strategy: 'stream', executor: interpreter },
  'one tape at a time, jit': { strategy: 'stream', executor: jit },
};

/** 1, 2, 4, … 1024. */
const counts: readonly number[] = Array.from({ length: 11 }, (_, power) => 2 ** power);

/** How much of a full graph's work is recording it, by its time: only then can it tell how far it is. */
const recording = 0.4;

/** Takes the gradient of each number of poses in each way, and reports every point as it is measured. */
export async function memory(
  { poses }: Context,
  largest: number,
  report: Report<MemoryProgress>,
): Promise<MemoryPoint[]> {
  const numbers = counts.filter(count => count <= largest);
  const total = wayNames.length * numbers.reduce((sum, count) => sum + count, 0);
  const points: MemoryPoint[] = [];
  let finished = 0;
  for (const count of numbers) {
    for (const name of wayNames) {
      const { strategy, executor } = ways[name];
      const doing = `N = ${count}, ${name}`;
      const tell = (share: number) => report({ done: (finished + share * count) / total, doing });
      tell(0);
      let recorded = 0;
      const start = performance.now();
      const result = await combinePoses({
        poses: repeated(poses, count),
        params: vinaWeights(),
        score: (tape, weights, pose: Pose) => {
          recorded++;
          if (recorded % 16 === 0) tell((recorded / count) * (strategy === 'full-graph' ? recording : 1));
          return score(tape, weights, pose);
        },
        combination: boltzmann({ kT: 0.593 }),
        strategy,
        executor: executor(),
      });
      const point: MemoryPoint = {
        way: name,
        poses: count,
        peakBytes: result.stats.peakBytes,
        milliseconds: performance.now() - start,
        value: result.value,
      };
      points.push(point);
      finished += count;
      report({ done: finished / total, doing, point });
    }
  }
  return points;
}

/** The poses over and over, until there are so many. */
function* repeated(poses: readonly Pose[], count: number): Generator<Pose> {
  for (let n = 0; n < count; n++) yield poses[n % poses.length] as Pose;
}
