import fc from 'fast-check';
import { boltzmann, type Combination, freeEnergy, lse, mean } from 'posetape/combine';
import { evenly } from '../support/numbers.ts';
import type { KnownPose } from './known-poses.ts';

/** Each order of magnitude as often as any other. */
export function magnitudes(min: number, max: number): fc.Arbitrary<number> {
  return evenly(Math.log(min), Math.log(max)).map(Math.exp);
}

/** Energies of a few units, of ±1e4, and some that are equal or zeros of either sign. */
export const energies: fc.Arbitrary<number> = fc.oneof(
  evenly(-20, 20),
  evenly(-1e4, 1e4),
  fc.constantFrom(-7.5, 0, -0, 1e4, -1e4),
);

export const slopes: fc.Arbitrary<readonly number[]> = fc.array(
  fc.oneof(evenly(-10, 10), fc.constantFrom(0, -0)),
  { minLength: 3, maxLength: 3 },
);

export const knownPose: fc.Arbitrary<KnownPose> = fc.record({ energy: energies, slope: slopes });

/** One pose to `most`, of every number about as often. */
export function several<T>(each: fc.Arbitrary<T>, most: number, least = 1): fc.Arbitrary<T[]> {
  return fc.array(each, { minLength: least, maxLength: most, size: 'max' });
}

/** Every combination that is weighted by the score, with settings over six orders of magnitude. */
export const combinations: fc.Arbitrary<Combination> = fc
  .oneof(
    fc.constant(mean()),
    fc.record({ t: magnitudes(1e-3, 1e3), sign: fc.constantFrom<-1 | 1>(-1, 1) }).map(lse),
    fc.record({ kT: magnitudes(1e-3, 1e3) }).map(boltzmann),
    fc.record({ kT: magnitudes(1e-3, 1e3) }).map(freeEnergy),
  )
  .map(combination => {
    const shown = () => `${combination.kind}(${JSON.stringify(combination.settings)})`;
    return { ...combination, [fc.toStringMethod]: shown };
  });
