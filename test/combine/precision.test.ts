import fc from 'fast-check';
import { tensor } from 'posetape';
import { boltzmann, type Combination, freeEnergy, lse, mean } from 'posetape/combine';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { property } from '../support/property.ts';
import { energies, magnitudes, several, slopes } from './arbitraries.ts';
import { decimal, exponential, logarithm, over, times, toNumber } from './decimals.ts';
import type { KnownPose } from './known-poses.ts';

/*
 * Each combination by its definition, energies measured from zero, in 400 decimals: the digits that cancel and the
 * exponentials that overflow do no harm there.
 */

interface Exact {
  readonly value: number;
  readonly coefficients: readonly number[];
  /** The size of what each coefficient is the sum of. */
  readonly sizes: readonly number[];
}

const scale = decimal(1);
const absolute = (x: bigint) => (x < 0n ? -x : x);

function exactly({ kind, sigma }: Combination, poses: readonly KnownPose[]): Exact {
  const z = poses.map(({ energy }) => decimal(energy));
  const s = decimal(sigma);
  // exp(1e10) has no room in decimals, so all are over the largest; nothing is rounded by it.
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
      throw new TypeError(`there is no definition of ${kind} here`);
  }
}

async function expectExact(combination: Combination, poses: readonly KnownPose[]): Promise<void> {
  const { value, coefficients, sizes } = exactly(combination, poses);
  const accumulator = combination.accumulator();
  for (const { energy, slope } of poses) accumulator.add(energy, { w: tensor([...slope]) });
  const result = accumulator.result();
  // ln(N)/t of a blunt smooth minimum may be larger than any energy.
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

describe('to 400 decimals', () => {
  property('every combination is its definition', combinations, several(pose, 64), expectExact);

  test('a free energy at a temperature far above what poses differ by keeps their digits', async () => {
    const poses = [-7.1, -6.4, -6.3].map((energy, n) => ({ energy, slope: [1, n, n * n] }));
    for (const kT of [1e3, 1e6, 1e9]) await expectExact(freeEnergy({ kT }), poses);
  });

  // Many poses are slow in decimals, so they are few times tried.
  test.each([mean(), lse({ t: 0.3 }), lse({ t: 1e-6 }), boltzmann({ kT: 0.593 }), freeEnergy({ kT: 1e3 })])(
    'so it is for 2000 poses: $kind',
    async combination => {
      const poses = Array.from({ length: 2000 }, (_, n) => ({
        energy: 20 * Math.sin(n * n),
        slope: [1, Math.cos(n), n % 7],
      }));
      await expectExact(combination, poses);
    },
    60_000,
  );

  test('decimals are what they are called', () => {
    expect(toNumber(decimal(-0.1))).toBe(-0.1);
    expect(toNumber(exponential(decimal(1)))).toBe(Math.E);
    expect(exponential(decimal(1)).toString().slice(0, 40)).toBe('2718281828459045235360287471352662497757');
    expect(toNumber(logarithm(decimal(2)))).toBe(Math.LN2);
    expect(logarithm(decimal(10)).toString().slice(0, 40)).toBe('2302585092994045684017991454684364207601');
    expect(exponential(decimal(-1e4))).toBe(0n);
  });
});
