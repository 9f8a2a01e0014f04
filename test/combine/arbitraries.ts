import fc from 'fast-check';
import { boltzmann, type Combination, freeEnergy, lse, mean } from 'posetape/combine';
import { evenly } from '../support/numbers.ts';
import type { KnownPose } from './known-poses.ts';

/** Numbers from `min` to `max` whose logarithm is uniform. */
export function magnitudes(min: number, max: number): fc.Arbitrary<number> {
  return evenly(Math.log(min), Math.log(max)).map(Math.exp);
}

/** Energies up to ±20, or up to ±1e4. Some values repeat, and zeros have both signs. */
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

/** Lists of `least` to `most` items. Long lists are as frequent as short ones. */
export function several<T>(each: fc.Arbitrary<T>, most: number, least = 1): fc.Arbitrary<T[]> {
  return fc.array(each, { minLength: least, maxLength: most, size: 'max' });
}

/** mean(), lse(), boltzmann() and freeEnergy(), with t or kT from 10⁻³ to 10³. */
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
