import { jit } from 'posetape';
import { combinePoses } from 'posetape/combine';
import { add, mul, stack } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { uniform } from '../../examples/networks/random.ts';
import { vinaWeights } from '../../examples/vina/score.ts';
import type { FitScorer } from '../../program/fit/scorers.ts';
import type { StudyCompound } from '../../program/study/data.ts';
import { figuresOf, interval, resamples } from '../../program/study/figures.ts';
import { Folds } from '../../program/study/folds.ts';
import { studyPoolings } from '../../program/study/poolings.ts';
import { pooledOf, refit, shippedFactors } from '../../program/study/refit.ts';
import { expectClose } from '../support/equal.ts';

const random = uniform(3);
const names = ['gauss1', 'gauss2', 'repulsion', 'hydrophobic', 'hydrogenBond'] as const;
/** Typical size of each term. */
const sizes = [70, 1200, 1, 40, 4];
const weights = vinaWeights();

/**
 * 48 compounds of four targets with random terms. The affinity of a compound is the lowest score of its poses with the
 * weights scaled by `planted`, plus a shift for its target and random noise.
 */
function compoundsOf(planted: readonly number[], noise: number): StudyCompound[] {
  return ['a', 'b', 'c', 'd'].flatMap((target, shift) =>
    Array.from({ length: 12 }, (_, i) => {
      const terms = Array.from({ length: 3 }, () => sizes.map(size => size * (0.5 + random())));
      const scores = terms.map(row =>
        row.reduce(
          (e, x, k) => e + (weights[names[k] as 'gauss1'].data[0] as number) * (planted[k] as number) * x,
          0,
        ),
      );
      const measured = Math.min(...scores) + 3 * shift + noise * (random() - 0.5);
      return {
        ...{ name: `${target}${i}`, target, measured, terms, rotors: 0, heavyAtoms: 20 + i, pKi: 0 },
        ...{ poses: terms as never, poseCount: 3 },
      };
    }),
  );
}

/** Vina's weighted sum of terms. A pose is a row of terms. */
const scorer = {
  posesPerTape: 2,
  score: (_: unknown, params: Record<string, never>, poses: readonly number[][]) =>
    stack(
      poses.map(row =>
        row
          .map((x, k) =>
            mul((weights[names[k] as 'gauss1'].data[0] as number) * x, params[names[k] as string] as never),
          )
          .reduce((a, b) => add(a, b)),
      ),
    ),
} as unknown as FitScorer;

describe('the study that refits Vina’s weights', () => {
  const planted = [1.5, 0.5, 1, 2, 0.8];
  const [best] = studyPoolings as [(typeof studyPoolings)[number]];

  test.each(studyPoolings)('pools each compound of a batch by $name as combinePoses does', async pooling => {
    const [first, second] = compoundsOf(planted, 0) as [StudyCompound, StudyCompound];
    const together = await pooledOf([first, second], pooling, shippedFactors(), jit());
    for (const [i, compound] of [first, second].entries()) {
      const { value } = await combinePoses({
        poses: compound.poses,
        params: shippedFactors(),
        score: scorer.score as never,
        posesPerTape: 2,
        combination: pooling.combination as never,
      });
      expectClose(together[i] as number, value, 1e-12);
    }
  });

  test.each(['kept', 'free'] as const)(
    'recovers planted weights if signs are %s, unless the prior is strong',
    async signs => {
      const factors = await refit(
        compoundsOf(planted, 0),
        best,
        { anchor: 'shipped', strength: 1e-6 },
        signs,
      );
      for (const [k, name] of names.entries()) {
        expect(factors[name]?.data[0]).toBeCloseTo(planted[k] as number, 1);
      }
      const withStrongPrior = await refit(
        compoundsOf(planted, 0),
        best,
        { anchor: 'shipped', strength: 1e6 },
        signs,
      );
      for (const name of names) expect(withStrongPrior[name]?.data[0]).toBeCloseTo(1, 2);
    },
  );

  test('does not use the target that is left out to choose the prior or to fit', async () => {
    const compounds = compoundsOf(planted, 1);
    const fold = await new Folds(compounds, best, scorer, 'kept', () => {}).fold('b');
    const altered = compounds.map(compound =>
      compound.target === 'b' ? { ...compound, measured: random() } : compound,
    );
    const ofAltered = await new Folds(altered, best, scorer, 'kept', () => {}).fold('b');
    expect(ofAltered.prior).toEqual(fold.prior);
    expect(ofAltered.factors).toEqual(fold.factors);
    expect(ofAltered.predicted).toEqual(fold.predicted);
    const rows = fold.compounds.map(({ target, measured }, i) => ({
      ...{ target, measured },
      predicted: { refitted: fold.predicted[i] as number, shipped: fold.shipped[i] as number },
    }));
    expect(figuresOf(rows, 'refitted').error).toBeLessThan(figuresOf(rows, 'shipped').error);
  });

  test('resamples compounds within targets, and gives intervals that contain the figure', () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      ...{ target: i < 20 ? 'a' : 'b', measured: i },
      predicted: { method: i + 4 * (random() - 0.5) },
    }));
    const samples = resamples(rows, 200, uniform(1));
    expect(samples.every(sample => sample.filter(({ target }) => target === 'a').length === 20)).toBe(true);
    const { value, low, high } = interval(rows, samples, sample => figuresOf(sample, 'method').tau);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThanOrEqual(value);
  });
});
