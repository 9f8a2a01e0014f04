import { type Executor, interpreter, Memory, type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  type Combination,
  type CombineOptions,
  type CombineResult,
  combinePoses,
  gated,
  lse,
  mean,
} from 'posetape/combine';
import { add, concat, exp, mul, neg, reshape, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { several } from './arbitraries.ts';
import { strategies } from './known-poses.ts';

/** Distances of a pose. The memory that a pose takes grows with their number. */
type Pose = Float64Array;
type Params = { readonly depth: Tensor; readonly width: Tensor };
type Options = CombineOptions<Pose, Params>;

const params: Params = { depth: tensor([-1, -0.5]), width: tensor(2) };

function score(tape: Tape, { depth, width }: { readonly [name in keyof Params]: Value }, pose: Pose): Value {
  const contact = sum(exp(neg(square(mul(width, sub(tape.constant(pose), 3))))));
  return add(sum(mul(depth, contact)), 1);
}

/** Calls `combinePoses` with the scorer above. Defaults: boltzmann() and interpreter(), whose bytes are easy to count. */
const combine = (options: Pick<Options, 'poses'> & Partial<Options>): Promise<CombineResult<Params>> =>
  combinePoses({ params, score, combination: boltzmann(), executor: interpreter(), ...options });

const poseOf = (distances: number): Pose => new Float64Array(distances).fill(3.25);

const times = (count: number, pose: Pose): Pose[] => new Array<Pose>(count).fill(pose);

const peakOf = async (options: Pick<Options, 'poses'> & Partial<Options>): Promise<number> =>
  (await combine(options)).stats.peakBytes;

/** Bytes of an accumulator: one or two sums of the size of θ, which has three entries. */
const stateBytes = (combination: Combination) => (combination.kind === 'boltzmann' ? 2 : 1) * 3 * 8;

describe('peak bytes of stream', () => {
  test.each([mean(), lse(), boltzmann()])('are the same for 4 and 4096 poses: $kind', async combination => {
    const [four, many] = await Promise.all(
      [4, 4096].map(count => peakOf({ poses: times(count, poseOf(50)), combination })),
    );
    expect(many).toBe(four);
  });

  property(
    'are those of the largest pose and the state',
    several(evenly(1, 100).map(Math.floor), 12),
    async sizes => {
      const alone = await Promise.all(sizes.map(size => peakOf({ poses: [poseOf(size)] })));
      // The state is created only after the first pose has run.
      const expected = alone.map((bytes, n) => bytes + (n > 0 ? stateBytes(boltzmann()) : 0));
      expect(await peakOf({ poses: sizes.map(poseOf) })).toBe(Math.max(...expected));
    },
  );

  test('are the same whether predictions are kept or not', async () => {
    const poses = times(100, poseOf(10));
    const [kept, dropped] = [await combine({ poses }), await combine({ poses, keepPredictions: false })];
    expect(dropped.stats.peakBytes).toBe(kept.stats.peakBytes);
    expect([kept.stats.predictionBytes, dropped.stats.predictionBytes]).toEqual([2400, 0]);
  });
});

test('peak bytes of recompute are those of one pose and one gradient, for any number of poses', async () => {
  const alone = await peakOf({ poses: [poseOf(50)] });
  for (const count of [1, 4, 4096]) {
    const poses = times(count, poseOf(50));
    expect(await peakOf({ poses, strategy: 'recompute' })).toBe(alone + 3 * 8);
  }
});

test('peak bytes of the full graph grow by one tape a pose', async () => {
  const poses = (count: number) => times(count, poseOf(1000));
  const peaks = [8, 16, 32].map(count => peakOf({ poses: poses(count), strategy: 'full-graph' }));
  const [eight, sixteen, thirtyTwo] = (await Promise.all(peaks)) as [number, number, number];
  const bytesPerPose = (sixteen - eight) / 8;
  expect(thirtyTwo - sixteen).toBe(16 * bytesPerPose);
  // Until the backward pass, each pose holds at least three arrays: d − 3, width · (d − 3) and exp(…).
  expect(bytesPerPose).toBeGreaterThanOrEqual(3 * 1000 * 8);
});

test('predictionBytes include the numbers that a pooling stores for each pose', async () => {
  const score: Options['score'] = (tape, { width }, pose) =>
    concat(
      [mul(sum(width), sum(tape.constant(pose))), sum(width), sum(width)].map(each => reshape(each, [1])),
    );
  for (const strategy of strategies) {
    const options = {
      poses: [poseOf(5), poseOf(6)],
      score,
      combination: gated(),
      loss: (x: Value) => sum(x),
      strategy,
    };
    // For each pose: its weight, and three numbers (the log-weight and two values) with three slopes each.
    const result = await combine(options);
    const resultBytes =
      result.predictions.byteLength + result.weights.byteLength + result.coefficients.byteLength;
    expect(result.stats.predictionBytes - resultBytes).toBe(2 * 8 * (1 + 3 * 4));
  }
  const { stats } = await combine({
    poses: [poseOf(5)],
    score,
    combination: gated(),
    loss: (x: Value) => sum(x),
    keepPredictions: false,
  });
  expect(stats.predictionBytes).toBe(0);
});

test('predictionBytes of predictions, weights and coefficients are 24 a pose', async () => {
  const poses = [poseOf(5), poseOf(6), poseOf(7)];
  for (const strategy of strategies) {
    const { stats, ...result } = await combine({ poses, strategy });
    const bytes = [result.predictions, result.weights, result.coefficients].map(each => each.byteLength);
    expect([...bytes, stats.predictionBytes]).toEqual([24, 24, 24, 72]);
  }
});

describe('tapes', () => {
  test.each([
    ['stream', 1, 20],
    ['recompute', 1, 40],
    ['full-graph', 20, 1],
  ] as const)(
    'under %s, tapesAlive is %d, and 20 poses are recorded on %d tapes in total',
    async (strategy, alive, total) => {
      const tapes = new Set<Tape>();
      const { stats } = await combine({
        poses: times(20, poseOf(5)),
        strategy,
        score(tape, values, pose) {
          tapes.add(tape);
          return score(tape, values, pose);
        },
      });
      expect(stats.tapesAlive).toBe(alive);
      expect(tapes.size).toBe(total);
    },
  );
});

/** Interpreter that records the live bytes before and after each run, and throws in run `failsAt`, counted from 0. */
function watched({ failsAt = -1 } = {}) {
  const plain = interpreter();
  const runs: { before: number; after: number }[] = [];
  let memory = new Memory();
  const run: Executor['run'] = (wanted, options = {}) => {
    memory = options.memory ?? memory;
    const before = memory.live;
    const proceed = (first: Tensor) => {
      if (runs.length === failsAt) throw new Error('the device was lost');
      return options.proceed?.(first) ?? true;
    };
    try {
      return plain.run(wanted, { ...options, proceed });
    } finally {
      runs.push({ before, after: memory.live });
    }
  };
  return { executor: { ...plain, run }, runs, live: () => memory.live };
}

describe('memory is freed', () => {
  test.each([
    ['stream', [0, ...Array(9).fill(stateBytes(boltzmann()))]],
    ['recompute', [...Array(10).fill(0), ...Array(10).fill(3 * 8)]],
    ['full-graph', [0]],
  ] as const)('after each pose, under %s', async (strategy, expected) => {
    const { executor, runs, live } = watched();
    await combine({ poses: times(10, poseOf(20)), strategy, executor });
    expect(runs).toEqual(expected.map(bytes => ({ before: bytes, after: bytes })));
    expect(live()).toBe(0);
  });

  test.each([
    ['stream', 5, 0],
    ['recompute', 3, 0],
    ['recompute', 15, 0],
    // After the failure, each of the ten poses runs alone, to find the pose that fails.
    ['full-graph', 0, 10],
  ] as const)('after an error of the executor, under %s in run %d', async (strategy, failsAt, more) => {
    const { executor, runs, live } = watched({ failsAt });
    const result = combine({ poses: times(10, poseOf(20)), strategy, executor });
    await expect(result).rejects.toThrow('the device was lost');
    expect(runs).toHaveLength(failsAt + 1 + more);
    expect(runs.at(-1)?.after).toBe(runs.at(-1)?.before);
    expect(live()).toBe(0);
  });

  const fails = () => {
    throw new Error('not today');
  };
  test.each<[string, Partial<Options>]>([
    ['of a bad pose', { poses: [poseOf(20), poseOf(20).fill(Number.NaN)] }],
    ['of the loss', { loss: fails }],
    ['of the poseLoss', { poseLoss: fails }],
    ['of onPose', { onPose: fails }],
  ])('after an error %s', async (_what, options) => {
    for (const strategy of strategies) {
      const { executor, live } = watched();
      const result = combine({ poses: times(2, poseOf(20)), strategy, executor, ...options });
      await expect(result).rejects.toThrow();
      expect(live()).toBe(0);
    }
  });

  test('after a bad pose that is skipped', async () => {
    const poses = [poseOf(20), poseOf(20).fill(Number.NaN), poseOf(20)];
    for (const strategy of strategies) {
      const { executor, runs, live } = watched();
      await combine({ poses, strategy, executor, badPose: 'skip' });
      for (const { before, after } of runs) expect(after).toBe(before);
      expect(live()).toBe(0);
    }
  });
});
