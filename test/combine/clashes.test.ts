import fc from 'fast-check';
import { boltzmann, type Combination, lse } from 'posetape/combine';
import { describe, expect } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { magnitudes, several } from './arbitraries.ts';
import { combineKnown, type KnownPose, strategies } from './known-poses.ts';

/*
 * A pose with clashing atoms may have an energy and slopes of any size, up to the largest float64. Its weight is 0, and it
 * must not change the result, whether it comes before the good poses or after them.
 */

const magnitude = magnitudes(1e6, 1e308);
const good: fc.Arbitrary<KnownPose> = fc.record({
  energy: evenly(-20, 20),
  slope: fc.array(evenly(-10, 10), { minLength: 3, maxLength: 3 }),
});
const clash: fc.Arbitrary<KnownPose> = fc.record({
  energy: magnitude,
  slope: fc.array(
    fc.tuple(fc.constantFrom(-1, 1), magnitude).map(([sign, size]) => sign * size),
    { minLength: 3, maxLength: 3 },
  ),
});
const selective: fc.Arbitrary<Combination> = fc.oneof(
  fc.record({ t: magnitudes(1e-3, 1e3), sign: fc.constantFrom<-1 | 1>(-1, 1) }).map(lse),
  fc.record({ kT: magnitudes(1e-3, 1e3) }).map(boltzmann),
);

describe.each(strategies)('under %s', strategy => {
  property(
    'poses of weight 0 change nothing, whatever their energies, slopes and position',
    selective,
    several(good, 4),
    several(fc.tuple(clash, fc.nat(4)), 4),
    async (combination, poses, clashes) => {
      // A smooth maximum gives weight 0 to low energies, a minimum to high ones.
      const clashSign = combination.sigma > 0 ? -1 : 1;
      const mixed = [...poses];
      for (const [{ energy, slope }, at] of clashes)
        mixed.splice(at, 0, { energy: clashSign * energy, slope });
      const alone = await combineKnown({ poses, combination, strategy });
      const among = await combineKnown({ poses: mixed, combination, strategy });
      expect(among.value).toBe(alone.value);
      expectClose(among.gradient.w, alone.gradient.w, 0);
      expect(among.stats.poses).toBe(mixed.length);
    },
  );

  property(
    'two energies that differ by 1.5e308 combine to the better one',
    selective,
    fc.boolean(),
    async (combination, isBestFirst) => {
      const best = combination.sigma > 0 ? 1e308 : -1e308;
      const energies = isBestFirst ? [best, -best / 2] : [-best / 2, best];
      const poses = energies.map(energy => ({ energy, slope: [energy < 0 ? 1 : 2, 0, 0] }));
      const { value, gradient } = await combineKnown({ poses, combination, strategy });
      expect(value).toBe(best);
      expectClose(gradient.w.data, [best < 0 ? 1 : 2, 0, 0], 1e-15);
    },
  );
});
