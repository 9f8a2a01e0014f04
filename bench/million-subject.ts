// Poses made up on the way, scored, differentiated, folded and forgotten. Arguments: after how many to tell how it stands,
// in rising order; the last is how many there are.

import { jit, tensor } from 'posetape';
import { combinePoses, lse, type Scorer } from 'posetape/combine';
import { exp, mul, neg, square, sub, sum } from 'posetape/ops';
import { cpuTime } from './support/clock.ts';
import { restartPeak } from './support/peak.ts';
import { randomFrom } from './workloads/random.ts';

/** A line on stdout after so many poses, and one at the end. */
export interface Streamed {
  readonly poses: number;
  /** CPU seconds so far. */
  readonly cpu: number;
  /** The peak of the process over its baseline so far; null where the system does not tell. */
  readonly processBytes: number | null;
  readonly engineBytes: number;
  readonly value: number;
}

const marks = process.argv.slice(2).map(Number);
const poses = marks.at(-1) ?? 0;
const params = { depth: tensor(-1), width: tensor(2) };
const combination = lse();
const executor = jit();

const score: Scorer<Float64Array, typeof params> = (tape, { depth, width }, distances) =>
  mul(depth, sum(exp(neg(square(mul(width, sub(tape.constant(distances), 3)))))));

/** Twenty distances in Å a pose, in an array of its own. */
function* distances(count: number): Generator<Float64Array> {
  const random = randomFrom(4);
  for (let n = 0; n < count; n++) yield Float64Array.from({ length: 20 }, () => 3.5 + random.about(1));
}

/** Streams so many poses; keeps nothing of their number. */
function run(count: number, onPose: (index: number) => void) {
  return combinePoses({
    poses: distances(count),
    params,
    score,
    combination,
    executor,
    keepPredictions: false,
    onPose: ({ index }) => onPose(index),
  });
}

// All code has run before the baseline is taken.
await run(1000, () => {});
const peak = restartPeak();
const start = cpuTime();

function tell(streamed: Pick<Streamed, 'poses' | 'engineBytes' | 'value'>): void {
  const line = { ...streamed, cpu: (cpuTime() - start) / 1000, processBytes: peak() };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let told = 0;
const { value, stats } = await run(poses, index => {
  if (index + 1 !== marks[told]) return;
  told++;
  tell({ poses: index + 1, engineBytes: 0, value: 0 });
});
tell({ poses, engineBytes: stats.peakBytes, value });
