import fc from 'fast-check';
import { type Executor, interpreter, jit, type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  BadPoseError,
  boltzmann,
  type Combination,
  combineBatch,
  combinePoses,
  freeEnergy,
  gated,
  lse,
  mean,
  pooling,
  squaredError,
} from 'posetape/combine';
import {
  add,
  concat,
  exp,
  expandDims,
  log,
  mul,
  neg,
  reshape,
  segmentSum,
  square,
  sub,
  sum,
} from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { combinations, several, slopes } from './arbitraries.ts';
import {
  grouped,
  type KnownPose,
  params as known,
  posesOf,
  score as scoreKnown,
  strategies,
} from './known-poses.ts';

/** Group scorer with one product for all poses: slopes of shape [poses, 3] times w. */
function scoreTogether(tape: Tape, { w }: { readonly w: Value }, poses: readonly KnownPose[]): Value {
  const rows = tensor(
    poses.flatMap(({ slope }) => slope),
    [poses.length, 3],
  );
  return add(sum(mul(w, tape.constant(rows)), 1), tape.constant(poses.map(({ energy }) => energy)));
}

const combineTogether = (poses: readonly KnownPose[], posesPerTape: number, more = {}) =>
  combinePoses({
    poses,
    params: known,
    score: scoreTogether,
    posesPerTape,
    combination: boltzmann(),
    executor: interpreter(),
    ...more,
  });

describe('groups', () => {
  property(
    'of any size give the result of single poses, also with weights of 0',
    several(fc.tuple(evenly(-20, 20), slopes, fc.oneof(fc.constantFrom(0, 1, 2), evenly(0.01, 5))), 24, 2),
    fc.constantFrom(
      (weight: (pose: WeightedPose) => number): Combination => mean({ weight }),
      (weight: (pose: WeightedPose) => number): Combination => lse({ t: 2, weight }),
      (weight: (pose: WeightedPose) => number): Combination => lse({ t: 2, sign: 1, weight }),
      (weight: (pose: WeightedPose) => number): Combination => boltzmann({ kT: 0.6, weight }),
      (weight: (pose: WeightedPose) => number): Combination => freeEnergy({ kT: 0.6, weight }),
    ),
    fc.integer({ min: 1, max: 25 }),
    fc.constantFrom(...strategies),
    async (drawn, combinationOf, posesPerTape, strategy) => {
      const poses: WeightedPose[] = [
        { energy: -1, slope: [1, 2, 3], weight: 1 },
        ...drawn.map(([energy, slope, weight]) => ({ energy, slope, weight })),
      ];
      const combination = combinationOf(({ weight }) => weight);
      const options = { poses, params: known, combination, executor: interpreter(), strategy };
      const single = await combinePoses({ ...options, score: scoreKnown });
      const groups = await combinePoses({ ...options, score: scoreTogether, posesPerTape });
      expect(groups.predictions).toEqual(single.predictions);
      expectClose(groups.value, single.value, 1e-12, 20);
      expectClose(groups.weights, single.weights, 1e-12, 1);
      expectClose(groups.coefficients, single.coefficients, 1e-12, 1 + 20 / 0.6);
      expectClose(groups.gradient.w, single.gradient.w, 1e-12, 10 * (1 + 20 / 0.6));
      expect(groups.stats.poses).toBe(single.stats.poses);
      expect(groups.stats.tapesAlive).toBeLessThanOrEqual(
        strategy === 'full-graph' ? poses.length : posesPerTape,
      );
    },
  );

  property(
    'give the interpreter’s result on jit and wasm',
    several(fc.record({ energy: evenly(-5, 5), slope: slopes }), 12),
    combinations,
    fc.integer({ min: 2, max: 12 }),
    async (poses, combination, posesPerTape) => {
      // For larger σ, weights depend on the last digits of energies, which may differ.
      if (Math.abs(combination.sigma) > 2) return;
      const options = { poses, params: known, combination, score: scoreTogether, posesPerTape };
      const exact = await combinePoses({ ...options, executor: interpreter() });
      for (const [executor, tolerance] of executors) {
        const result = await combinePoses({ ...options, executor });
        expectClose(result.value, exact.value, tolerance, 20);
        expectClose(result.gradient.w, exact.gradient.w, tolerance, 400);
      }
    },
  );

  const executors: readonly (readonly [Executor, number])[] = [
    [jit(), 1e-12],
    [jit({ precision: 'float32' }), 1e-5],
    [wasm(), 1e-5],
  ];

  test('have G poses in order, and the last group has the remaining ones', async () => {
    const sizes: number[] = [];
    const reported: number[] = [];
    const { stats } = await combineTogether(posesOf(1, 2, 3, 4, 5, 6, 7), 3, {
      score(tape: Tape, params: { readonly w: Value }, poses: readonly KnownPose[]) {
        sizes.push(poses.length);
        return scoreTogether(tape, params, poses);
      },
      onPose: ({ index }: { index: number }) => reported.push(index),
    });
    expect(sizes).toEqual([3, 3, 1]);
    expect(reported).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(stats.tapesAlive).toBe(3);
    expect(stats.poses).toBe(7);
  });

  test('have scores of shape [poses, K] for K numbers a pose', async () => {
    const scoring = { poses: posesOf(1, 2, 3), params: known, executor: interpreter(), posesPerTape: 2 };
    const gate = gated();
    const result = await combinePoses({
      ...scoring,
      combination: gate,
      score(tape, { w }, poses: readonly KnownPose[]) {
        const column = expandDims(scoreTogether(tape, { w }, poses), 1);
        return concat([neg(column), column], 1);
      },
    });
    expect(result.predictions).toEqual(Float64Array.of(-1, 1, -2, 2, -3, 3));
  });

  test('whose weights all vanish are skipped together', async () => {
    const poses = posesOf(-2000, 0, 0, 0, -2000.5, 0);
    const { stats, gradient } = await combineTogether(poses, 2);
    // Only in the second group do all weights underflow.
    expect(stats.backwardSkipped).toBe(2);
    const single = await combinePoses({
      poses,
      params: known,
      score: scoreKnown,
      combination: boltzmann(),
      executor: interpreter(),
    });
    expectClose(gradient.w, single.gradient.w, 1e-12, 16);
  });

  test('give the loss and gradient of single poses in a batch', async () => {
    const compounds = [
      { poses: posesOf(1, 2, 3), measured: 0 },
      { poses: posesOf(-4, -3), measured: -2 },
    ];
    const options = {
      compounds,
      params: known,
      combination: lse(),
      executor: interpreter(),
      loss: (x: Value, { compound }: { compound: { measured: number } }) =>
        squaredError(compound.measured)(x),
    };
    const single = await combineBatch({ ...options, score: scoreKnown });
    const groups = await combineBatch({ ...options, score: scoreTogether, posesPerTape: 2 });
    expectClose(groups.gradient.w, single.gradient.w, 1e-12, 100);
    expectClose(groups.loss ?? 0, single.loss ?? Number.NaN, 1e-12, 10);
  });
});

interface WeightedPose extends KnownPose {
  readonly weight: number;
}

describe('a pose in a group', () => {
  /** ΔG_n = ln(pose) + w₀: NaN for a pose below 0, infinite at 0. */
  const scoreLog = (tape: Tape, { w }: { readonly w: Value }, poses: readonly number[]): Value =>
    add(log(tape.constant(poses)), sum(mul(w, tape.constant([1, 0, 0]))));
  const combineLogs = (poses: readonly number[], more = {}) =>
    combinePoses({
      poses,
      params: known,
      score: scoreLog,
      posesPerTape: 4,
      combination: mean(),
      executor: interpreter(),
      ...more,
    });

  test.each(strategies)(
    'that is bad is named, with the origin of the bad value, under %s',
    async strategy => {
      const running = combineLogs([1, 2, 3, 4, 5, -6, 7], { strategy });
      const error = await running.catch(error => error);
      expect(error).toBeInstanceOf(BadPoseError);
      expect(error.message).toMatch(/^pose 5: its prediction is NaN: .*log/);
    },
  );

  test.each(strategies)('that is bad is left out alone, without its group, under %s', async strategy => {
    const result = await combineLogs([1, 2, 0, 4, 5, -6, 7], { strategy, badPose: 'skip' });
    const expected = await combineLogs([1, 2, 4, 5, 7]);
    expect(result.stats.badPoses.map(({ index }) => index)).toEqual([2, 5]);
    expectClose(result.value, expected.value, 1e-12, 2);
    expectClose(result.gradient.w, expected.gradient.w, 1e-12, 1);
    expect([...result.predictions.keys()].filter(n => Number.isNaN(result.predictions[n]))).toEqual([2, 5]);
  });

  const softPooling = pooling({
    name: 'soft',
    logWeight: z => mul(-0.5, z),
    values: z => concat([z, square(z)].map(each => reshape(each, [1]))),
    value: ({ mean }) => sum(mean),
  });
  describe.each([
    ['jit', jit(), 1e-12],
    ['wasm', wasm(), 1e-6],
    ['interpreter', interpreter(), 1e-12],
  ] as const)('on %s', (_name, executor, tolerance) => {
    test.each([mean(), boltzmann(), softPooling])(
      'that is bad is named, or left out alone, without its group: $kind',
      async combination => {
        const poses = [1, 2, 0, 4, 5, -6, 7, 8];
        const more = { executor, combination };
        for (const strategy of strategies) {
          await expect(combineLogs(poses, { ...more, strategy })).rejects.toThrow(
            /^pose 2: its prediction is -Infinity: .*log/,
          );
          const result = await combineLogs(poses, { ...more, strategy, badPose: 'skip' });
          const expected = await combineLogs([1, 2, 4, 5, 7, 8], { combination });
          expect(result.stats.badPoses.map(({ index }) => index)).toEqual([2, 5]);
          expectClose(result.value, expected.value, tolerance, 4);
          expectClose(result.gradient.w, expected.gradient.w, tolerance, 10);
        }
      },
    );

    test('with a bad log-weight or value is named, or left out alone, without its group', async () => {
      const only = (name: 'logWeight' | 'values') =>
        pooling({ name: 'root', [name]: (z: Value) => log(sub(2, z)), value: ({ logSum }) => logSum });
      // ln(2 − ln pose) is NaN for a pose above e².
      const poses = [1, 2, 3, 9, 4, 5];
      for (const [combination, reason] of [
        [only('logWeight'), 'its log-weight is NaN'],
        [only('values'), 'its value 0 is NaN'],
      ] as const) {
        await expect(combineLogs(poses, { executor, combination })).rejects.toThrow(`pose 3: ${reason}`);
        const { stats, value } = await combineLogs(poses, { executor, combination, badPose: 'skip' });
        expect(stats.badPoses).toEqual([{ index: 3, reason }]);
        const expected = await combineLogs([1, 2, 3, 4, 5], { combination });
        expectClose(value, expected.value, tolerance, 4);
      }
    });
  });

  test('whose gradient is bad is named', async () => {
    // Computes √(w² + pose) by logarithms. An intermediate slope overflows for a pose of 1e-320.
    const scoreRoot = (tape: Tape, { w }: { readonly w: Value }, poses: readonly number[]) =>
      exp(mul(0.5, log(add(square(w), tape.constant(poses)))));
    const running = combinePoses({
      poses: [1, 2, 1e-320, 4],
      params: { w: tensor(1e-170) },
      score: scoreRoot,
      posesPerTape: 4,
      combination: mean(),
      executor: interpreter(),
    });
    await expect(running).rejects.toThrow(/^pose 2: its gradient with respect to w is Infinity: .*div/);
  });

  test('for which the scorer throws is named', async () => {
    const score = (tape: Tape, params: { readonly w: Value }, poses: readonly KnownPose[]) => {
      if (poses.some(({ energy }) => energy === 3)) throw new Error('no such atom');
      return scoreTogether(tape, params, poses);
    };
    await expect(combineTogether(posesOf(1, 2, 3, 4), 4, { score })).rejects.toThrow(
      /^pose 2: no such atom$/,
    );
  });

  test('is not blamed if the scorer fails only for the whole group', async () => {
    const score = (tape: Tape, params: { readonly w: Value }, poses: readonly KnownPose[]) => {
      if (poses.length > 1) throw new Error('too many');
      return scoreTogether(tape, params, poses);
    };
    await expect(combineTogether(posesOf(1, 2, 3, 4, 5), 2, { score })).rejects.toThrow(
      /^poses 0 to 1: too many$/,
    );
  });
});

describe('a scorer of groups', () => {
  test.each([
    ['one number', (scores: Value) => sum(scores), 'got shape \\[\\]'],
    ['a row too many', (scores: Value) => concat([scores, scores]), 'got shape \\[2\\]'],
    [
      'columns',
      (scores: Value) => concat([expandDims(scores, 1), expandDims(scores, 1)], 1),
      'got shape \\[1, 2\\]',
    ],
  ])('that returns %s is an error', async (_, spoil, got) => {
    const score = (tape: Tape, params: { readonly w: Value }, poses: readonly KnownPose[]) =>
      spoil(scoreTogether(tape, params, poses));
    await expect(combineTogether(posesOf(1, 2, 3), 2, { score })).rejects.toThrow(
      new RegExp(`^pose 0: score must return one row for each pose of its tape, shape \\[1\\], ${got}$`),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, '8', Number.POSITIVE_INFINITY])(
    'with posesPerTape: %s is an error',
    async posesPerTape => {
      await expect(combineTogether(posesOf(1, 2), posesPerTape as number)).rejects.toThrow(
        `posesPerTape must be a whole number from 1, got ${posesPerTape}`,
      );
    },
  );
});

describe('bytes of a group', () => {
  const poses = (count: number) => new Array<Float64Array>(count).fill(new Float64Array(500).fill(3.2));
  const params = { width: tensor(2), depth: tensor([1, 2]) };
  type Values = { readonly width: Value; readonly depth: Value };
  const score = (tape: Tape, { width, depth }: Values, pose: Float64Array) =>
    mul(sum(depth), sum(exp(neg(square(mul(width, sub(tape.constant(pose), 3)))))));
  const rowsOf = ([first]: readonly Float64Array[]) => first?.length ?? 0;
  const together = (tape: Tape, { width, depth }: Values, all: readonly Float64Array[]) => {
    const rows = tensor(
      all.flatMap(each => [...each]),
      [all.length * rowsOf(all)],
    );
    const contacts = exp(neg(square(mul(width, sub(tape.constant(rows), 3)))));
    const poseOf = Int32Array.from({ length: all.length * rowsOf(all) }, (_, at) =>
      Math.floor(at / rowsOf(all)),
    );
    return mul(sum(depth), segmentSum(contacts, poseOf, all.length));
  };
  const peakOf = async (count: number, posesPerTape: number, combination: Combination) => {
    const options = { poses: poses(count), params, combination, executor: interpreter() };
    return (await combinePoses({ ...options, score: together, posesPerTape })).stats.peakBytes;
  };

  test.each([mean(), lse(), boltzmann()])('are the same for 2 groups and 32: $kind', async combination => {
    expect(await peakOf(32 * 4, 4, combination)).toBe(await peakOf(2 * 4, 4, combination));
  });

  /** Log-weight and value of each pose. */
  const gate = (z: Value) => concat([mul(0.1, expandDims(z, -1)), expandDims(z, -1)], -1);
  const noValues = pooling({
    name: 'none',
    logWeight: z => neg(z),
    values: false,
    value: ({ logSum }) => logSum,
  });
  const float32 = (make: () => Executor) => ({ make, bytes: 4 });
  const float64 = (make: () => Executor) => ({ make, bytes: 8 });
  /*
   * Two numbers for each combination: how many arrays with an entry per row are held at once for a single pose, and how
   * many per pose of a group. The interpreter holds one more array for two backward passes than for one. boltzmann has two
   * passes in a group, and gated always has two. jit stores the values that both passes of gated share, except for a
   * single pose, where both passes are one loop. wasm also holds copies of its inputs and of the index of the rows.
   */
  test.each([
    [
      'interpreter',
      float64(interpreter),
      { mean: [5, 5], lse: [5, 5], boltzmann: [5, 6], gated: [6, 6], none: [5, 5] },
    ],
    ['jit', float64(jit), { mean: [1, 1], lse: [1, 1], boltzmann: [1, 1], gated: [1, 2], none: [1, 1] }],
    ['wasm', float32(wasm), { mean: [3, 3], lse: [3, 3], boltzmann: [3, 3], gated: [3, 3], none: [3, 3] }],
  ] as const)('are those of G poses: %s', async (_name, { make, bytes }, arrays) => {
    const combinations = { mean: mean(), lse: lse(), boltzmann: boltzmann(), gated: gated(), none: noValues };
    for (const [name, [alone, inGroup]] of Object.entries(arrays)) {
      const combination = combinations[name as keyof typeof combinations];
      const scoresOf = name === 'gated' ? gate : (z: Value) => z;
      const peakOf = async (rows: number, G: number) => {
        const all = new Array<Float64Array>(16).fill(new Float64Array(rows).fill(3.2));
        const options = { poses: all, params, combination, executor: make() };
        const { stats } = await combinePoses({
          ...options,
          posesPerTape: G,
          score: (...args) => scoresOf(together(...args)),
        });
        return stats.peakBytes;
      };
      for (const [G, expected] of [
        [1, alone],
        [2, inGroup],
        [4, inGroup],
        [8, inGroup],
      ] as const) {
        const [few, many] = [await peakOf(2000, G), await peakOf(4000, G)];
        const held = bytes * G * expected;
        expect(many - few, `${name}, G = ${G}`).toBe(2000 * held);
        // The rest of the memory is the state, a few numbers of each pose, and the buffers of wasm.
        expect(few - 2000 * held, `${name}, G = ${G}`).toBeLessThanOrEqual(1000 * G + 4096);
      }
    }
  });

  test('that is scored pose by pose differ from those of a full graph of G poses by at most 536', async () => {
    const options = { poses: poses(8), params, combination: lse(), executor: interpreter() };
    const inGroups = await combinePoses({
      ...options,
      score: grouped<Float64Array, typeof params>(score),
      posesPerTape: 8,
    });
    const graph = await combinePoses({ ...options, score, strategy: 'full-graph' });
    expect(Math.abs(inGroups.stats.peakBytes - graph.stats.peakBytes)).toBeLessThanOrEqual(3 * 8 + 64 * 8);
  });
});

test('the gradient of a group by w is right if another parameter is called __proto__', async () => {
  const params: Record<string, Tensor> = Object.fromEntries([
    ['__proto__', tensor(1)],
    ['w', tensor(2)],
  ]);
  const score = (tape: Tape, values: Readonly<Record<string, Value>>, poses: readonly number[]) =>
    mul(reshape(values.w as Value, [1]), tape.constant(poses));
  const { gradient } = await combinePoses({
    poses: [1, 2, 3],
    params,
    score,
    posesPerTape: 3,
    combination: mean(),
    executor: interpreter(),
  });
  expect(gradient.w?.data[0]).toBeCloseTo(2, 12);
});
