import fc from 'fast-check';
import { tensor } from 'posetape';
import { type Accumulator, boltzmann, type Combination, freeEnergy, lse, mean } from 'posetape/combine';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { property } from '../support/property.ts';
import { energies, magnitudes, several, slopes } from './arbitraries.ts';
import { decimal, exponential, logarithm, over, times, toNumber } from './decimals.ts';
import type { KnownPose } from './known-poses.ts';

/*
 * Compares each combination with its definition, computed with 400 decimals, where neither cancellation nor large
 * exponentials cost digits.
 */

interface Exact {
  readonly value: number;
  readonly coefficients: readonly number[];
  /** Sum of the sizes of the terms of each coefficient. */
  readonly sizes: readonly number[];
}

const scale = decimal(1);
const absolute = (x: bigint) => (x < 0n ? -x : x);

function exactResult({ kind, sigma }: Combination, poses: readonly KnownPose[]): Exact {
  const z = poses.map(({ energy }) => decimal(energy));
  const s = decimal(sigma);
  // exp(1e10) would have too many digits, so all exponentials are divided by the largest, which cancels in the results.
  const heights = z.map(each => times(s, each));
  const [top = 0n] = heights.toSorted((a, b) => (a < b ? 1 : -1));
  const e = heights.map(each => exponential(each - top));
  const Z = e.reduce((total, each) => total + each, 0n);
  const w = e.map(each => over(each, Z));
  const count = BigInt(poses.length);
  switch (kind) {
    case 'mean':
      return {
        value: toNumber(z.reduce((total, each) => total + each, 0n) / count),
        coefficients: poses.map(() => 1 / poses.length),
        sizes: poses.map(() => 1 / poses.length),
      };
    case 'lse':
    case 'freeEnergy': {
      const N = kind === 'freeEnergy' ? count : 1n;
      const shares = w.map(toNumber);
      return { value: toNumber(over(top + logarithm(Z / N), s)), coefficients: shares, sizes: shares };
    }
    case 'boltzmann': {
      const average = w.reduce((total, each, n) => total + times(each, z[n] as bigint), 0n);
      const tilts = z.map(each => times(s, each - average));
      return {
        value: toNumber(average),
        coefficients: w.map((each, n) => toNumber(times(each, scale + (tilts[n] as bigint)))),
        sizes: w.map((each, n) => toNumber(times(each, scale + absolute(tilts[n] as bigint)))),
      };
    }
    default:
      throw new TypeError(`no definition of ${kind}`);
  }
}

async function expectExact(combination: Combination, poses: readonly KnownPose[]): Promise<void> {
  const { value, coefficients, sizes } = exactResult(combination, poses);
  const accumulator = combination.accumulator();
  for (const { energy, slope } of poses) accumulator.add(energy, { w: tensor([...slope]) });
  const result = accumulator.result();
  // If t is small, ln(N)/t in a smooth minimum may be larger than any energy.
  const size = largest([value, ...poses.map(({ energy }) => energy)]);
  expectClose(result.value, value, 1e-12, size);
  const sum = [0, 1, 2].map(i =>
    poses.reduce((t, { slope }, n) => t + (coefficients[n] as number) * (slope[i] as number), 0),
  );
  const reach = [0, 1, 2].map(i =>
    poses.reduce((t, { slope }, n) => t + (sizes[n] as number) * Math.abs(slope[i] as number), 1e-290),
  );
  expectClose(result.gradient.w?.data ?? [], sum, 1e-12, reach);
}

const settings = magnitudes(1e-6, 1e6);
const combinations: fc.Arbitrary<Combination> = fc.oneof(
  fc.constant(mean()),
  fc.record({ t: settings, sign: fc.constantFrom<-1 | 1>(-1, 1) }).map(lse),
  fc.record({ kT: settings }).map(boltzmann),
  fc.record({ kT: settings }).map(freeEnergy),
);
const pose: fc.Arbitrary<KnownPose> = fc.record({ energy: energies, slope: slopes });

describe('compared with definitions in 400 decimals,', () => {
  property('every combination agrees with its definition', combinations, several(pose, 64), expectExact);

  test('a free energy keeps its digits at a kT far above the differences of poses', async () => {
    const poses = [-7.1, -6.4, -6.3].map((energy, n) => ({ energy, slope: [1, n, n * n] }));
    for (const kT of [1e3, 1e6, 1e9]) await expectExact(freeEnergy({ kT }), poses);
  });

  test.each([mean(), lse({ t: 0.3 }), lse({ t: 1e-6 }), boltzmann({ kT: 0.593 }), freeEnergy({ kT: 1e3 })])(
    'combinations of 2000 poses agree with their definition: $kind',
    async combination => {
      const poses = Array.from({ length: 2000 }, (_, n) => ({
        energy: 20 * Math.sin(n * n),
        slope: [1, Math.cos(n), n % 7],
      }));
      await expectExact(combination, poses);
    },
    60_000,
  );

  /*
   * Poses from the worst to the best: ΔG_n = −n/2¹², n = 0 … N − 1. All sums over them are geometric: Σ qⁿ and Σ n qⁿ with
   * q = exp(−β/2¹²), counted from the best pose.
   */
  const [count, step] = [1_000_000, 2 ** -12];
  const combineSorted = (combination: Combination, parts = 1) => {
    const accumulators = Array.from({ length: parts }, () => combination.accumulator());
    for (let n = 0; n < count; n++) {
      const part = accumulators[Math.floor((n * parts) / count)] as Accumulator;
      part.add(-n * step, { first: tensor(n === 0 ? 1 : 0), last: tensor(n === count - 1 ? 1 : 0) });
    }
    return accumulators.reduce((whole, part) => whole.merge(part)).result();
  };
  const geometric = (beta: number) => {
    const [N, x] = [BigInt(count), decimal(beta * step)];
    const [q, qToN] = [exponential(-x), exponential(-x * N)];
    const oneMinusQ = scale - q;
    const sum = over(scale - qToN, oneMinusQ);
    // Σ n qⁿ = (q − N q^N + (N − 1) q^(N + 1))/(1 − q)².
    const moment = over(over(q - N * qToN + (N - 1n) * times(qToN, q), oneMinusQ), oneMinusQ);
    return { sum, moment, worst: over(qToN, q) };
  };

  test.each([
    [1 / 16, 1],
    [1 / 16, 32],
    [2, 1],
  ])(
    'a million poses sorted from worst to best give accurate gradients, even of the first pose: t = %d, %i merged states',
    (t, parts) => {
      // `worst` is the weight of the first pose, relative to the last.
      const { sum, moment, worst } = geometric(t);
      const smooth = combineSorted(lse({ t }), parts);
      const best = -(count - 1) * step;
      expectClose(smooth.gradient.first?.data[0] ?? 0, toNumber(over(worst, sum)), 1e-12);
      expectClose(smooth.gradient.last?.data[0] ?? 0, toNumber(over(scale, sum)), 1e-12);
      expectClose(smooth.value, toNumber(decimal(best) - over(logarithm(sum), decimal(t))), 1e-15);

      const thermal = combineSorted(boltzmann({ kT: 1 / t }), parts);
      const above = times(over(moment, sum), decimal(step));
      expectClose(thermal.value, toNumber(decimal(best) + above), 1e-15);
      const tilt = (z: bigint) => scale - times(decimal(t), z - above);
      const last = toNumber(over(tilt(0n), sum));
      expectClose(thermal.gradient.last?.data[0] ?? 0, last, 1e-12);
      const first = over(times(worst, tilt(decimal(-best))), sum);
      expectClose(thermal.gradient.first?.data[0] ?? 0, toNumber(first), 1e-12);
    },
  );

  test('a mean is accurate if the first pose is an outlier', () => {
    const energies = Array.from({ length: 100_000 }, (_, n) => (n === 0 ? -1e4 : Math.sin(n)));
    const accumulator = mean().accumulator();
    for (const energy of energies) accumulator.add(energy, null);
    const exact = energies.reduce((total, energy) => total + decimal(energy), 0n) / BigInt(energies.length);
    // The error is at most two rounding errors of numbers of size 1e4.
    expectClose(accumulator.result().value, toNumber(exact), 2 ** -52, 1e4);
  });

  test('the arithmetic with decimals is right', () => {
    expect(toNumber(decimal(-0.1))).toBe(-0.1);
    expect(toNumber(exponential(decimal(1)))).toBe(Math.E);
    expect(exponential(decimal(1)).toString().slice(0, 40)).toBe('2718281828459045235360287471352662497757');
    expect(toNumber(logarithm(decimal(2)))).toBe(Math.LN2);
    expect(logarithm(decimal(10)).toString().slice(0, 40)).toBe('2302585092994045684017991454684364207601');
    expect(exponential(decimal(-1e4))).toBe(0n);
  });
});
