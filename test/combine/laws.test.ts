import fc from 'fast-check';
import { boltzmann, type Combination, lse, mean } from 'posetape/combine';
import { describe, expect } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { property } from '../support/property.ts';
import { combinations, knownPose, magnitudes, several, slopes } from './arbitraries.ts';
import { combineKnown, energiesOf, type KnownPose } from './known-poses.ts';
import { reachOf, sharesOf } from './textbook.ts';

/** Multiples of 1/1024, so that shifts by whole numbers do not round. */
const grid = fc.integer({ min: -20 * 1024, max: 20 * 1024 }).map(steps => steps / 1024);
const onGrid: fc.Arbitrary<KnownPose> = fc.record({ energy: grid, slope: slopes });
const distinctPoses = (maxLength: number) =>
  fc.uniqueArray(onGrid, { minLength: 1, maxLength, size: 'max', selector: ({ energy }) => energy });

const slopesOf = (poses: readonly KnownPose[]) => poses.map(({ slope }) => slope);

function bestOf(poses: readonly KnownPose[], sign: -1 | 1 = -1): KnownPose {
  return poses.reduce((best, pose) => (sign * pose.energy > sign * best.energy ? pose : best));
}

function sumOf(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((total, number) => total + number, 0);
}

// `stream` uses an accumulator, and `recompute` the same combination in ops. The laws hold for both.
describe.each(['stream', 'recompute'] as const)('combined by %s', strategy => {
  const combine = (combination: Combination, poses: readonly KnownPose[]) =>
    combineKnown({ poses, combination, strategy });

  property('a single pose is the answer', combinations, knownPose, async (combination, pose) => {
    const { value, gradient, weights, coefficients } = await combine(combination, [pose]);
    // Adding 0 turns −0 into 0.
    expect(value).toBe(pose.energy + 0);
    expectClose(gradient.w.data, pose.slope, 1e-15);
    expect([...weights, ...coefficients]).toEqual([1, 1]);
  });

  property(
    'a shift of every ΔG_n shifts ΔG and does not change the gradient',
    combinations,
    several(onGrid, 16),
    fc.integer({ min: -10_000, max: 10_000 }),
    async (combination, poses, shift) => {
      const shifted = poses.map(({ energy, slope }) => ({ energy: energy + shift, slope }));
      const [here, there] = [await combine(combination, poses), await combine(combination, shifted)];
      expectClose(there.value - shift, here.value, 1e-12, largest([shift, here.value, ...energiesOf(poses)]));
      expect(there.gradient).toEqual(here.gradient);
      expect(there.weights).toEqual(here.weights);
    },
  );

  property(
    'the order of the poses does not matter',
    combinations,
    several(fc.tuple(knownPose, fc.nat()), 16),
    async (combination, keyed) => {
      const poses = keyed.map(([pose]) => pose);
      const order = [...keyed.keys()].sort((m, n) => (keyed[m]?.[1] as number) - (keyed[n]?.[1] as number));
      const shuffled = order.map(n => poses[n] as KnownPose);
      const [original, reordered] = [await combine(combination, poses), await combine(combination, shuffled)];
      const { sizes } = sharesOf(combination, energiesOf(poses));
      expectClose(reordered.value, original.value, 1e-12, largest([original.value, ...energiesOf(poses)]));
      expectClose(reordered.gradient.w, original.gradient.w, 1e-12, reachOf(sizes, slopesOf(poses)));
      expectClose(
        reordered.coefficients,
        order.map(n => original.coefficients[n] as number),
        1e-12,
        sizes.reduce((a, b) => a + b),
      );
    },
  );

  property(
    'the weights sum to 1, and so do the coefficients',
    combinations,
    several(knownPose, 64),
    async (combination, poses) => {
      const { weights, coefficients } = await combine(combination, poses);
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
      expect(sumOf(weights)).toBeCloseTo(1, 12);
      expect(sumOf(coefficients)).toBeCloseTo(1, 12);
    },
  );

  property(
    'the smooth minimum lies below the minimum by at most ln(N)/t, the smooth maximum above the maximum',
    magnitudes(1e-3, 1e3),
    several(knownPose, 64),
    async (t, poses) => {
      for (const sign of [-1, 1] as const) {
        const { value } = await combine(lse({ t, sign }), poses);
        const beyond = sign * (value - bestOf(poses, sign).energy);
        const rounding = 1e-15 * largest([value, ...energiesOf(poses)]);
        expect(beyond).toBeGreaterThanOrEqual(0);
        expect(beyond).toBeLessThanOrEqual(Math.log(poses.length) / t + rounding);
      }
    },
  );

  property(
    'the thermal average lies between the minimum and the mean',
    magnitudes(1e-3, 1e3),
    several(knownPose, 64),
    async (kT, poses) => {
      const { value } = await combine(boltzmann({ kT }), poses);
      const rounding = 1e-13 * largest(energiesOf(poses));
      expect(value).toBeGreaterThanOrEqual(bestOf(poses).energy);
      expect(value).toBeLessThanOrEqual(sumOf(energiesOf(poses)) / poses.length + rounding);
    },
  );

  // All other poses are worse than the best by at least 1/1024, and exp(−1e6/1024) underflows to 0.
  property(
    'for t → ∞ and for kT → 0 the answer is the best pose',
    distinctPoses(16),
    magnitudes(1e6, 1e12),
    async (poses, sharpness) => {
      for (const [combination, sign] of [
        [lse({ t: sharpness }), -1],
        [lse({ t: sharpness, sign: 1 }), 1],
        [boltzmann({ kT: 1 / sharpness }), -1],
      ] as const) {
        const { value, gradient } = await combine(combination, poses);
        const best = bestOf(poses, sign);
        expect(value).toBe(best.energy);
        expectClose(gradient.w.data, best.slope, 1e-15);
      }
    },
  );

  // For small β = 1/kT, weights differ from 1/N by β|ΔG_n − ΔG|/N ≤ 40 β/N to first order, coefficients by twice that,
  // and ΔG differs from the mean by β times the variance, which is at most 20². All these differences vanish with β.
  // The smooth minimum is the mean minus ln(N)/t, to zeroth order in t.
  property(
    'for kT → ∞ the answer is the mean, and for t → 0 the gradient is that of the mean',
    several(onGrid, 16),
    magnitudes(1e4, 1e9),
    async (poses, kT) => {
      const beta = 1 / kT;
      const average = await combine(mean(), poses);
      const warm = await combine(boltzmann({ kT }), poses);
      const blunt = await combine(lse({ t: beta }), poses);
      const reach = reachOf(average.weights, slopesOf(poses));
      expectClose(warm.value, average.value, 500 * beta + 1e-12, 1);
      expectClose(warm.gradient.w, average.gradient.w, 100 * beta + 1e-12, reach);
      expectClose(blunt.gradient.w, average.gradient.w, 50 * beta + 1e-12, reach);
      const offset = Math.log(poses.length) / beta;
      expectClose(blunt.value + offset, average.value, 500 * beta + 1e-14 * offset + 1e-12, 1);
    },
  );
});
