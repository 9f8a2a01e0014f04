import { interpreter, jit } from 'posetape';
import { boltzmann, type CombineResult, combinePoses, type GroupScorer, type Scorer } from 'posetape/combine';
import type { DockedPose } from '../../../program/vina/poses.ts';
import { score, scoreGroup } from '../../../program/vina/score.ts';
import { type VinaWeights, vinaWeights } from '../../vina/score.ts';
import { roomKT } from '../sliders.ts';
import type { Context, Report } from './tasks.ts';
import {
  type Comparison,
  countsTo,
  type MemoryPoint,
  type MemoryProgress,
  titleOf,
  type WayName,
} from './ways.ts';

/** Rough share of the full graph's time that is spent recording. Progress is reported only during this part. */
const recordingShare = 0.4;

/** Number of recorded poses between two reports of progress. */
const posesPerReport = 16;

/** Computes the gradient for each number of poses in each way, and reports every point once it is measured. */
export async function memory(
  { poses }: Context,
  { largest, posesPerTape, ways }: Comparison,
  report: Report<MemoryProgress>,
): Promise<MemoryPoint[]> {
  const counts = countsTo(largest);
  const total = ways.length * counts.reduce((sum, count) => sum + count, 0);
  const points: MemoryPoint[] = [];
  let finished = 0;
  for (const count of counts) {
    for (const way of ways) {
      const doing = `N = ${count}, ${titleOf(way, posesPerTape)}`;
      const tell = (share: number) => report({ done: (finished + share * count) / total, doing });
      tell(0);
      const start = performance.now();
      const result = await run(way, repeated(poses, count), posesPerTape, recorded => {
        if (recorded % posesPerReport === 0)
          tell((recorded / count) * (way === 'full graph' ? recordingShare : 1));
      });
      const point: MemoryPoint = {
        way,
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

/**
 * Computes the gradient in one way. Before it records a pose or a group of poses, calls `tell` with the number of recorded poses,
 * including these.
 */
function run(
  way: WayName,
  poses: Iterable<DockedPose>,
  posesPerTape: number,
  tell: (recorded: number) => void,
): Promise<CombineResult<VinaWeights>> {
  let recorded = 0;
  const task = { poses, params: vinaWeights(), combination: boltzmann({ kT: roomKT }) };
  const one: Scorer<DockedPose, VinaWeights> = (tape, weights, pose) => {
    tell(++recorded);
    return score(tape, weights, pose);
  };
  const several: GroupScorer<DockedPose, VinaWeights> = (tape, weights, group) => {
    recorded += group.length;
    tell(recorded);
    return scoreGroup(tape, weights, group);
  };
  switch (way) {
    case 'full graph':
      return combinePoses({ ...task, score: one, strategy: 'full-graph', executor: interpreter() });
    case 'one tape at a time, interpreter':
      return combinePoses({ ...task, score: one, executor: interpreter() });
    case 'one tape at a time, jit':
      return combinePoses({ ...task, score: one, executor: jit() });
    case 'several poses on a tape, jit':
      return combinePoses({ ...task, score: several, posesPerTape, executor: jit() });
  }
}

/** Yields `count` poses. If there are fewer, they are repeated in order. */
function* repeated(poses: readonly DockedPose[], count: number): Generator<DockedPose> {
  for (let n = 0; n < count; n++) yield poses[n % poses.length] as DockedPose;
}
