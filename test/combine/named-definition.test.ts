import fc from 'fast-check';
import type { Value } from 'posetape';
import { add, mul, square, sub, sum } from 'posetape/ops';
import { describe, test } from 'vitest';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { energies, several, slopes } from './arbitraries.ts';
import { type Defined, expectDefinition } from './definition.ts';
import type { KnownPose } from './known-poses.ts';
import { type Named, named, namedMakers, namedPoolings } from './named-poolings.ts';

interface Pose extends KnownPose {
  readonly weight: number;
}

const pose: fc.Arbitrary<Pose> = fc.record({
  energy: energies,
  slope: slopes,
  weight: fc.oneof(fc.constantFrom(0, 1, 1, 3), evenly(0.01, 5)),
});
const poses = fc.oneof(
  { weight: 4, arbitrary: several(pose, 12) },
  { weight: 1, arbitrary: several(pose, 64) },
);
const variants = fc.record({
  isWeighted: fc.boolean(),
  hasLoss: fc.boolean(),
  hasPoseLoss: fc.boolean(),
  parts: fc.array(fc.nat(3), { minLength: 64, maxLength: 64 }),
  posesPerTape: fc.integer({ min: 1, max: 12 }),
});
type Variant = typeof variants extends fc.Arbitrary<infer T> ? T : never;

async function expectNamed(
  { params, score, makeCombination, pool, isWide }: Named,
  drawn: readonly Pose[],
  { isWeighted, hasLoss, hasPoseLoss, ...split }: Variant,
): Promise<void> {
  const poses =
    isWeighted && drawn.every(({ weight }) => weight === 0)
      ? drawn.map(each => ({ ...each, weight: 1 }))
      : drawn;
  const weight = ({ weight }: Pose) => weight;
  const combination = makeCombination(isWeighted ? { weight: weight as never } : {});
  const counted = poses.filter(each => !isWeighted || each.weight > 0);
  const best = Math.min(...counted.map(({ energy }) => energy));
  await expectDefinition<Pose>(
    {
      poses,
      params,
      score,
      combination: () => combination,
      pool: (pool?.(best) ?? combination.pool) as Defined<Pose>['pool'],
      weight: isWeighted ? weight : undefined,
      loss:
        hasLoss || (isWide && !hasPoseLoss)
          ? (x, { head }) => sub(sum(mul(1e-3, square(x))), sum(head as Value))
          : undefined,
      poseLoss: hasPoseLoss
        ? (x, { setting }) => mul(setting as Value, sum(square(add(mul(1e-3, x), 1))))
        : undefined,
    },
    split,
  );
}

describe('a named pooling', () => {
  property(
    'agrees with its definition under each strategy, in groups of any size and any split into states',
    namedPoolings,
    poses,
    variants,
    expectNamed,
  );

  test.each(Object.keys(namedMakers))('agrees with its definition for 64 poses: %s', async name => {
    const all = Array.from({ length: 64 }, (_, n) => ({
      energy: n % 3 === 0 ? 1e4 * Math.sin(n * n) : 5 * Math.sin(n * n),
      slope: [1, Math.cos(n), (n % 7) - 3],
      weight: n % 5 === 0 ? 0 : 1 + (n % 4),
    }));
    const parts = all.map((_, n) => (n * n) % 4);
    const options = { isWeighted: true, hasLoss: true, hasPoseLoss: true, parts, posesPerTape: 5 };
    await expectNamed(named(name, 0.6), all, options);
  });

  test('agrees with its definition if the first of two poses is far above the second: spread, learned kT', async () => {
    const far = { energy: 182.12, slope: [0, 0, -3.6656], weight: 1 };
    const near = { energy: 0.31332, slope: [-1.32202, -2.07864, 0], weight: 1 };
    const options = {
      ...{ isWeighted: false, hasLoss: false, hasPoseLoss: false },
      ...{ parts: [0, 0], posesPerTape: 1 },
    };
    await expectNamed(named('spread, learned kT', 0.265058583644468), [far, near], options);
  });

  test('agrees with its definition in a group with a pose of Boltzmann weight 6e-306: boltzmann, learned kT', async () => {
    const weak = { energy: -20, slope: [-10, -0.59114, 0], weight: 3.64259026 };
    const best = { energy: -6630.62, slope: [0, -3.71564, -9.99976], weight: 0.01 };
    const options = {
      ...{ isWeighted: true, hasLoss: false, hasPoseLoss: false },
      ...{ parts: [0, 0], posesPerTape: 2 },
    };
    await expectNamed(named('boltzmann, learned kT', 9.330442684368498), [weak, best], options);
  });
});
