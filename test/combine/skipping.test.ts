import fc from 'fast-check';
import { type Executor, interpreter, jit, type Tape, tensor, type Value } from 'posetape';
import { boltzmann, type Combination, combinePoses, mean, squaredError } from 'posetape/combine';
import { add, mul, sum } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { property } from '../support/property.ts';
import { combinations, knownPose, magnitudes, several } from './arbitraries.ts';
import {
  combineKnown,
  energiesOf,
  type KnownOptions,
  type KnownPose,
  posesOf,
  strategies,
} from './known-poses.ts';
import { reachOf } from './textbook.ts';

/** Executor that always runs the backward pass together with the forward pass. */
function unstoppable(): Executor {
  const plain = interpreter();
  return {
    ...plain,
    stops: false,
    run: (wanted, { proceed: _, ...options } = {}) => plain.run(wanted, options),
  };
}

/**
 * (e_n/S)(1 + |σ(ΔG_n − r)|) of each pose, with S and r of the previous poses; 0 if its weight underflows, and 1 if no
 * previous pose is better.
 */
function influences({ sigma }: Combination, energies: readonly number[]): number[] {
  return energies.map((energy, n) => {
    const previous = energies.slice(0, n);
    if (n === 0) return 1;
    const r = previous.reduce((best, each) => (sigma * each > sigma * best ? each : best));
    const S = previous.reduce((total, each) => total + Math.exp(sigma * (each - r)), 0);
    const exponent = sigma * (energy - r);
    if (exponent >= 0) return 1;
    // However small a weight is, it counts if it does not underflow.
    const e = Math.exp(exponent);
    return e === 0 ? 0 : Math.max((e / S) * (1 - exponent), Number.MIN_VALUE);
  });
}

describe('a pose whose weight underflows needs no backward pass', () => {
  property(
    'and the result equals, to the bit, that with all backward passes, on executors that can and cannot stop',
    combinations,
    several(knownPose, 32),
    async (combination, poses) => {
      const accumulator = combination.accumulator();
      for (const { energy, slope } of poses) accumulator.add(energy, { w: tensor([...slope]) });
      const vanishing = influences(combination, energiesOf(poses)).filter(influence => influence === 0);
      for (const executor of [interpreter(), unstoppable()]) {
        const { stats, value, gradient } = await combineKnown({ poses, combination, executor });
        expect(value).toBe(accumulator.result().value);
        // Adding 0 turns −0 into 0, as adding the gradient of the poseLosses does.
        expect([...gradient.w.data]).toEqual(
          Array.from(accumulator.result().gradient.w?.data ?? [], entry => entry + 0),
        );
        expect(stats.backwardSkipped).toBe(vanishing.length);
      }
    },
  );

  async function skippedOf(energies: number[], options: Partial<KnownOptions> = {}): Promise<number> {
    const combination = boltzmann({ kT: 0.01 });
    const { stats } = await combineKnown({ poses: posesOf(...energies), combination, ...options });
    return stats.backwardSkipped;
  }

  test('under stream if a better pose came before, under recompute always, on the full graph never', async () => {
    expect(await skippedOf([-30, -20, -10])).toBe(2);
    expect(await skippedOf([-20, -10, -30])).toBe(1);
    expect(await skippedOf([-10, -20, -30])).toBe(0);
    expect(await skippedOf([-10, -20, -30], { strategy: 'recompute' })).toBe(2);
    expect(await skippedOf([-30, -20, -10], { strategy: 'full-graph' })).toBe(0);
  });

  test('unless it has a poseLoss', async () => {
    const poseLoss = squaredError(-10);
    expect(await skippedOf([-30, -20, -10], { poseLoss })).toBe(0);
    // Recompute knows that the last pose has neither weight nor a slope of its poseLoss.
    expect(await skippedOf([-30, -20, -10], { poseLoss, strategy: 'recompute' })).toBe(1);
  });

  test('under recompute also on an executor that cannot stop', async () => {
    const options: Partial<KnownOptions> = { strategy: 'recompute', executor: unstoppable() };
    expect(await skippedOf([-10, -20, -30], options)).toBe(2);
  });

  test('nor does any pose need one if the slope of the loss is 0', async () => {
    const { stats, gradient, loss } = await combineKnown({
      poses: posesOf(-8, -8),
      loss: squaredError(-8),
      strategy: 'recompute',
    });
    expect([stats.backwardSkipped, loss, ...gradient.w.data]).toEqual([2, 0, 0, 0, 0]);
  });

  test('but a pose with a large coefficient needs one, even if the coefficients nearly overflow', async () => {
    const poses = [1, 2, 3].map(energy => ({ energy: energy / 10, slope: [1e-10 * energy, 0, 0] }));
    const poseLoss = (x: Value) => mul(x, 1e308);
    for (const strategy of strategies) {
      for (const tolerance of [0, 0.1]) {
        const { stats, gradient } = await combineKnown({ poses, poseLoss, strategy, tolerance });
        expect(stats.backwardSkipped).toBe(0);
        expectClose(gradient.w.data, [6e298, 0, 0], 1e-15);
      }
    }
  });

  test('and is not counted in backwardSkipped if no gradient is wanted', async () => {
    for (const strategy of ['stream', 'recompute'] as const)
      expect(await skippedOf([-30, -20, -10], { strategy, gradient: false })).toBe(0);
  });
});

describe('with a tolerance', () => {
  const tolerances = magnitudes(1e-12, 1e-2);

  test.each<[what: string, energies: number[], tolerance: number, options: Partial<KnownOptions>]>([
    [
      'poses of equal weight, however small',
      Array.from({ length: 200 }, (_, n) => n),
      0.01,
      { combination: mean() },
    ],
    ['poses as good as the best, however many', Array(200).fill(-5), 0.009, {}],
    ['a pose whose deviation makes up for its small weight', [-10, -3], 1e-3, {}],
    [
      'poses whose share of the coefficients equals the tolerance',
      [1, 2, 3, 4],
      0.25,
      { strategy: 'recompute', combination: mean() },
    ],
  ])('does not leave out %s', async (_what, energies, tolerance, options) => {
    const exact = await combineKnown({ poses: posesOf(...energies), ...options });
    const { stats, gradient } = await combineKnown({ poses: posesOf(...energies), ...options, tolerance });
    expect(stats.backwardSkipped).toBe(0);
    expect(gradient).toEqual(exact.gradient);
  });

  /** Fails unless a tolerance changes the gradient by at most Σ lost_n |g_n|, and changes no other result. */
  async function expectLost(
    options: Pick<KnownOptions, 'poses'> & Partial<KnownOptions>,
    tolerance: number,
    lost: readonly number[],
  ): Promise<void> {
    const { gradient, stats, ...exact } = await combineKnown(options);
    const close = await combineKnown({ ...options, tolerance });
    expect(close).toMatchObject(exact);
    expect(close.stats.backwardSkipped).toBe(lost.filter(share => share > 0).length);
    const slopes = [...(options.poses as Iterable<KnownPose>)].map(({ slope }) => slope);
    const rounding = Array.from(exact.coefficients, coefficient => 1e-12 * Math.abs(coefficient));
    const reach = reachOf(
      lost.map((share, n) => share + (rounding[n] as number)),
      slopes,
    );
    expectClose(close.gradient.w, gradient.w, 1, reach);
  }

  property(
    'stream leaves out poses of little influence on the sums so far',
    combinations,
    several(knownPose, 32),
    tolerances,
    async (combination, poses, tolerance) => {
      // A later pose may raise the influence of an earlier one a little, to less than twice this bound.
      const lost = influences(combination, energiesOf(poses)).map(influence =>
        influence < tolerance ? 2 * tolerance : 0,
      );
      await expectLost({ poses, combination }, tolerance, lost);
    },
  );

  property(
    'recompute leaves out poses whose coefficients are a small share of the sum',
    combinations,
    several(knownPose, 32),
    tolerances,
    async (combination, poses, tolerance) => {
      const options = { poses, combination, strategy: 'recompute' } as const;
      const coefficients = Array.from((await combineKnown(options)).coefficients, Math.abs);
      const all = coefficients.reduce((total, coefficient) => total + coefficient);
      const lost = coefficients.map(coefficient => (coefficient < tolerance * all ? tolerance * all : 0));
      await expectLost(options, tolerance, lost);
    },
  );
});

/** Known pose. If `isWild`, its gradient is infinite in float64 and in float32, but its prediction is finite. */
interface WildPose extends KnownPose {
  readonly isWild: boolean;
}

function scoreWild(tape: Tape, { w }: { readonly w: Value }, { energy, slope, isWild }: WildPose): Value {
  const steep = Array.from({ length: 11 }).reduce<Value>(x => mul(x, 1e30), w);
  return add(sum(isWild ? steep : mul(w, tape.constant(slope))), energy);
}

describe('on every executor', () => {
  const executors: readonly Executor[] = [
    interpreter(),
    unstoppable(),
    jit(),
    interpreter({ precision: 'float32' }),
    jit({ precision: 'float32' }),
    wasm(),
  ];

  /** Poses whose energies and slopes are exact in float32. */
  const wildPose = fc.record({
    energy: fc.integer({ min: -60, max: 60 }),
    slope: fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 3, maxLength: 3 }),
    isWild: fc.boolean(),
  });
  /** Values of kT for which no pose is close to the limit of being skipped. */
  const kTs = fc.constantFrom(0.03, 0.7, 40);
  const tolerances = fc.constantFrom(0, 1e-13, 1.1e-5, 0.011);

  type WildOptions = Pick<KnownOptions, 'strategy' | 'tolerance' | 'badPose' | 'poseLoss' | 'combination'>;
  /** Reason without the value that it names as the origin. In float32, that may be an earlier value. */
  const withoutOrigin = (reason: string) => reason.replace(/: %.*/, '');
  const answerOf = async (poses: readonly WildPose[], executor: Executor, options: WildOptions) => {
    const params = { w: tensor([0, 0, 0]) };
    const run = combinePoses({ poses, params, score: scoreWild, executor, ...options });
    return run.catch((error: Error) => error);
  };

  async function expectSameAnswers(poses: readonly WildPose[], options: WildOptions): Promise<void> {
    const expected = await answerOf(poses, interpreter(), options);
    // On a single tape in float32, a weight of 1e-100 is 0, and scaled() computes 0 times infinity as 0.
    const isGraph = options.strategy === 'full-graph';
    for (const executor of executors.filter(({ precision }) => precision === 'float64' || !isGraph)) {
      const actual = await answerOf(poses, executor, options);
      if (expected instanceof Error || actual instanceof Error) {
        expect(withoutOrigin(`${actual}`), executor.name).toBe(withoutOrigin(`${expected}`));
        continue;
      }
      const { poses: combined, backwardSkipped, badPoses } = expected.stats;
      expect(actual.stats, executor.name).toMatchObject({
        poses: combined,
        backwardSkipped,
        badPoses: badPoses.map(({ index, reason }) => ({
          index,
          reason: expect.stringContaining(withoutOrigin(reason)),
        })),
      });
      const precision = executor.precision === 'float64' ? 1e-12 : 1e-4;
      expectClose(actual.value, expected.value, precision, 60);
      const slopes = poses.map(({ slope }) => slope);
      const reach = reachOf(
        [...expected.coefficients].map(coefficient => Math.abs(coefficient) + 10),
        slopes,
      );
      expectClose(actual.gradient.w, expected.gradient.w, precision, reach);
    }
  }

  test('an infinite gradient of a pose of weight 0 does no harm', async () => {
    const poses = [-9, 9].map(energy => ({ energy, slope: [1, 2, 3], isWild: energy > 0 }));
    for (const strategy of ['stream', 'recompute'] as const) {
      for (const options of [{ combination: boltzmann({ kT: 0.01 }) }, { tolerance: 1e-3 }]) {
        for (const executor of executors) {
          const answer = await answerOf(poses, executor, { combination: boltzmann(), strategy, ...options });
          expect(answer, executor.name).toMatchObject({ stats: { backwardSkipped: 1, badPoses: [] } });
        }
      }
    }
  });

  test('an infinite gradient is an error if the pose has a poseLoss', async () => {
    const poses = [-9, 9].map(energy => ({ energy, slope: [1, 2, 3], isWild: energy > 0 }));
    const combination = boltzmann({ kT: 0.01 });
    for (const strategy of strategies) {
      const options = { combination, strategy, poseLoss: squaredError(0) };
      for (const executor of executors)
        expect(await answerOf(poses, executor, options)).toMatchObject({ name: 'BadPoseError', index: 1 });
    }
  });

  property(
    'the same poses are bad or skipped as on the interpreter',
    several(wildPose, 8),
    kTs,
    tolerances,
    fc.constantFrom(...strategies),
    fc.constantFrom<'throw' | 'skip'>('throw', 'skip'),
    async (poses, kT, tolerance, strategy, badPose) =>
      expectSameAnswers(poses, { combination: boltzmann({ kT }), tolerance, strategy, badPose }),
  );
});

test('a bad pose does not shift the coefficients of others, with a combination in ops or a loss of all predictions', async () => {
  const poses = [...posesOf(-9, Number.NaN, -8, -6)].map((pose, n) => ({
    ...pose,
    slope: [1, n + 1, n * n],
  }));
  const score: KnownOptions['score'] = (tape, { w }, { energy, slope }) =>
    add(sum(mul(w, tape.constant(slope))), tape.constant(energy));
  const all: KnownOptions['loss'] = (x, { predictions }) => add(x, sum(mul(predictions, predictions)));
  for (const options of [
    { combination: (x: Value) => sum(mul(x, x)) },
    { combination: boltzmann({ kT: 2 }), loss: all },
  ] satisfies Partial<KnownOptions>[]) {
    const [graph, recomputed] = await Promise.all(
      (['full-graph', 'recompute'] as const).map(strategy =>
        combineKnown({ poses, score, strategy, badPose: 'skip', ...options }),
      ),
    );
    expectClose(recomputed?.gradient.w ?? [], graph?.gradient.w ?? [], 1e-14);
    expectClose(recomputed?.coefficients ?? [], graph?.coefficients ?? [], 1e-14);
    expect(recomputed?.coefficients[1]).toBe(0);
  }
});
