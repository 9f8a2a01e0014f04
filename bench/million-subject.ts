// Poses made up on the way, scored, differentiated, folded and forgotten. Arguments: how many, and how often to
// tell how it stands.

import { jit, tensor } from 'posetape';
import { combinePoses, lse, type Scorer } from 'posetape/combine';
import { exp, mul, neg, square, sub, sum } from 'posetape/ops';
import { cpuTime } from './support/clock.ts';
import { peakBytes, restartPeak } from './support/peak.ts';
import { randomFrom } from './workloads/random.ts';

/** A line on stdout after each part of the poses, and after the last. */
export interface Streamed {
  readonly poses: number;
  /** CPU seconds so far. */
  readonly cpu: number;
  /** The peak of the process over its baseline. */
  readonly processBytes: number;
  readonly engineBytes: number;
  readonly value: number;
}

const poses = Number(process.argv[2]);
const parts = Number(process.argv[3]);
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
const baseline = restartPeak();
const start = cpuTime();

function tell(streamed: Pick<Streamed, 'poses' | 'engineBytes' | 'value'>): void {
  const line = { ...streamed, cpu: (cpuTime() - start) / 1000, processBytes: peakBytes() - baseline };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let told = 0;
const { value, stats } = await run(poses, index => {
  if (index + 1 < ((told + 1) * poses) / parts) return;
  told++;
  tell({ poses: index + 1, engineBytes: 0, value: 0 });
});
tell({ poses, engineBytes: stats.peakBytes, value });
