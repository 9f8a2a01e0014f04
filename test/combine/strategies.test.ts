import fc from 'fast-check';
import { interpreter, type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  type CombinationInOps,
  type CombineOptions,
  type CombineResult,
  combinePoses,
  lse,
  mean,
  pKi,
  squaredError,
} from 'posetape/combine';
import * as ops from 'posetape/ops';
import { add, div, log1p, logSumExp, mul, slice, square, sub, sum } from 'posetape/ops';
import { expect } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { type Pose, paramsOf, programArbitrary, record } from '../support/programs.ts';
import { property } from '../support/property.ts';
import { combinations, magnitudes, several } from './arbitraries.ts';
import { grouped, strategies } from './known-poses.ts';
import { reachOf } from './textbook.ts';

type Params = Readonly<Record<string, Tensor>>;
type Options = CombineOptions<Pose, Params>;
type Scoring = Pick<Options, 'params' | 'score' | 'executor'> & { readonly poses: readonly Pose[] };
type Objective = Pick<Options, 'combination' | 'readout' | 'loss' | 'poseReadout' | 'poseLoss'>;
type Result = CombineResult<Params>;
/** Objective of predictions that are parameters. A pose is the index of its prediction. */
type NumberObjective = Pick<CombineOptions<number, { readonly predictions: Tensor }>, keyof Objective>;

const entry = evenly(-2, 2);

const poseOfNumbers: fc.Arbitrary<Pose> = several(
  fc.record({ number: entry, features: fc.tuple(entry, entry, entry), pick: fc.nat(11) }),
  4,
);

/*
 * The scorer is a random program plus a linear function of the parameters, scaled and shifted. The linear part keeps the
 * gradient of a pose away from 0: the gradient of the mean of a softmax, for example, consists of rounding errors, which
 * differ between strategies.
 */
function scorings({ mostPoses, smooth, scale, shift }: ScoringOptions): fc.Arbitrary<Scoring> {
  return fc
    .record({
      program: programArbitrary({ smooth, steps: 6 }),
      entries: fc.array(entry, { minLength: 9, maxLength: 9 }),
      // In at least half of the cases there are at most 8 poses, since such cases are faster.
      poses: fc.oneof(several(poseOfNumbers, 8), several(poseOfNumbers, mostPoses)),
      scale,
      shift,
    })
    .map(({ program, entries, poses, scale, shift }) => {
      const params = paramsOf(program);
      for (const { data } of Object.values(params)) data.set(entries.slice(0, data.length));
      const score = (tape: Tape, values: Readonly<Record<string, Value>>, pose: Pose) => {
        const linear = Object.values(values).map(value => mul(0.73, ops.mean(value)));
        const raw = [record(program, tape, values, pose), ...linear].reduce((sum, term) => add(sum, term));
        return add(mul(scale, raw), shift);
      };
      const shown = () => fc.stringify({ program, entries, poses, scale, shift });
      return Object.assign({ poses, params, score, executor: interpreter() }, { [fc.toStringMethod]: shown });
    });
}

interface ScoringOptions {
  readonly mostPoses: number;
  readonly smooth: boolean;
  readonly scale: fc.Arbitrary<number>;
  readonly shift: fc.Arbitrary<number>;
}

/** Scorers of any ops, with energies up to ±1e4. */
const wildScorings = scorings({
  mostPoses: 64,
  smooth: false,
  scale: magnitudes(1e-2, 1e4),
  shift: fc.oneof(fc.constant(0), evenly(-1e4, 1e4)),
});

/** Scorers with energies of a few units. */
const mildScorings = (smooth: boolean) =>
  scorings({ mostPoses: 16, smooth, scale: evenly(0.5, 2), shift: fc.constant(0) });

/** Loss in ops that is robust to outliers: ln(1 + (x − target)²). */
const cauchy = (target: number) => (prediction: Value) => log1p(square(sub(prediction, target)));

/** Random choices of an objective. */
interface Choices {
  readonly combination: Options['combination'];
  /** kT of pKi as the readout; without it, there is no readout. */
  readonly kT?: number;
  readonly lossTo?: typeof cauchy;
  /** Distance of the target from ΔG, in units of 1 + the largest |ΔG_n|. */
  readonly away: number;
  readonly poseReadout?: NonNullable<Options['poseReadout']>;
  readonly poseLossTo?: typeof cauchy;
  readonly poseTarget: number;
}

const choices: fc.Arbitrary<Choices> = fc.record(
  {
    combination: combinations,
    kT: magnitudes(1e-2, 1e2),
    lossTo: fc.constantFrom(squaredError, cauchy),
    // If the target were closer, the slope L′ of the loss would lose digits by cancellation.
    away: fc.oneof(evenly(0.1, 2), evenly(-2, -0.1)),
    poseReadout: fc.constant(pKi()),
    poseLossTo: fc.constantFrom(squaredError, cauchy),
    poseTarget: evenly(-10, 10),
  },
  { requiredKeys: ['combination', 'away', 'poseTarget'] },
);

async function objectiveOf(scoring: Scoring, choice: Choices): Promise<Objective> {
  const { combination, kT, lossTo, away, poseReadout, poseLossTo, poseTarget } = choice;
  const { value, predictions } = await combinePoses({ ...scoring, combination, gradient: false });
  const unit = kT ? -kT * Math.LN10 : 1;
  const target = (value + away * (1 + largest(predictions))) / unit;
  return {
    combination,
    ...(kT && { readout: pKi({ kT }) }),
    ...(lossTo && { loss: lossTo(target) }),
    ...(poseReadout && { poseReadout }),
    ...(poseLossTo && {
      poseLoss: (x: Value, { index }: { index: number }) => poseLossTo(poseTarget + index)(x),
    }),
  };
}

/** Gradient g_n of each pose by parameter name, computed as the gradient of the mean of pose n alone. */
async function gradientsOf({ poses, ...scorer }: Scoring): Promise<Result['gradient'][]> {
  const each = poses.map(pose => combinePoses({ ...scorer, poses: [pose], combination: mean() }));
  return (await Promise.all(each)).map(({ gradient }) => gradient);
}

/** L′c_n + L′_n: the gradient with respect to the predictions themselves, as parameters. */
async function coefficientsOf(objective: Objective, predictions: Float64Array): Promise<Float64Array> {
  const { gradient } = await combinePoses({
    ...(objective as unknown as NumberObjective),
    poses: predictions.keys(),
    params: { predictions: tensor(predictions) },
    score: (_tape, { predictions }, n) => slice(predictions, n, n + 1),
    strategy: 'full-graph',
    executor: interpreter(),
  });
  return gradient.predictions.data;
}

/** Fails unless gradients agree within 1e-12 · Σ |L′c_n + L′_n||g_n|, and values within 1e-12 of their largest term. */
async function expectEqual(
  scoring: Scoring,
  objective: Objective,
  results: Promise<Result>[],
): Promise<void> {
  const [reference, ...others] = (await Promise.all(results)) as [Result, ...Result[]];
  const slopes = await gradientsOf(scoring);
  const coefficients = await coefficientsOf(objective, reference.predictions);
  for (const result of others) {
    expect(result.predictions).toEqual(reference.predictions);
    expectClose(result.value, reference.value, 1e-12, largest([reference.value, ...reference.predictions]));
    expectClose(result.readout ?? Number.NaN, reference.readout ?? Number.NaN, 1e-12);
    expectClose(result.loss ?? Number.NaN, reference.loss ?? Number.NaN, 1e-12);
    expectClose(result.coefficients, reference.coefficients, 1e-12, 1);
    expect(Object.keys(result.gradient)).toEqual(Object.keys(scoring.params));
    for (const [name, gradient] of Object.entries(reference.gradient)) {
      const each = slopes.map(slope => slope[name]?.data ?? []);
      expectClose(result.gradient[name] ?? [], gradient, 1e-12, reachOf(coefficients, each));
    }
  }
}

property(
  'stream, recompute and the full graph agree, also in groups of any size',
  wildScorings,
  choices,
  fc.integer({ min: 1, max: 12 }),
  async (scoring, choice, posesPerTape) => {
    const objective = await objectiveOf(scoring, choice);
    const options = { ...scoring, ...objective };
    const inGroups = { ...options, score: grouped(scoring.score), posesPerTape };
    await expectEqual(scoring, objective, [
      combinePoses({ ...options, strategy: 'full-graph' }),
      combinePoses({ ...options, strategy: 'recompute' }),
      combinePoses({ ...options, strategy: 'stream' }),
      combinePoses({ ...inGroups, strategy: 'full-graph' }),
      combinePoses({ ...inGroups, strategy: 'recompute' }),
      combinePoses({ ...inGroups, strategy: 'stream' }),
    ]);
  },
);

/** Combinations in ops: a softmax average, a root mean square, and the midpoint of the extremes. */
const combinationsInOps: CombinationInOps[] = [
  predictions => sum(mul(ops.softmax(mul(-0.5, predictions)), predictions)),
  predictions => ops.sqrt(add(1, ops.mean(square(predictions)))),
  predictions => mul(0.5, add(ops.min(predictions), ops.max(predictions))),
];

/** Loss that reads every prediction: ΔG, and the scatter of the poses about it. */
const withScatter = (x: Value, { predictions }: { predictions: Value }) =>
  add(x, mul(0.1, ops.mean(square(sub(predictions, x)))));

property(
  'recompute and the full graph agree on combinations in ops, and on losses that read every prediction',
  mildScorings(false),
  fc.constantFrom(...combinationsInOps, lse(), mean()),
  fc.constantFrom({}, { loss: withScatter }),
  async (scoring, combination, loss) => {
    const objective = { combination, ...loss };
    const options = { ...scoring, ...objective };
    await expectEqual(scoring, objective, [
      combinePoses({ ...options, strategy: 'full-graph' }),
      combinePoses({ ...options, strategy: 'recompute' }),
    ]);
  },
);

property(
  'ln Σ exp(σ ΔG_n)/σ in ops equals lse()',
  mildScorings(false),
  fc.record({ t: evenly(0.1, 2), sign: fc.constantFrom<-1 | 1>(-1, 1) }).map(lse),
  async (scoring, named) => {
    const { sigma } = named;
    const inOps: CombinationInOps = predictions => div(logSumExp(mul(sigma, predictions)), sigma);
    await expectEqual(scoring, { combination: inOps }, [
      combinePoses({ ...scoring, combination: named }),
      combinePoses({ ...scoring, combination: inOps }),
      combinePoses({ ...scoring, combination: inOps, strategy: 'full-graph' }),
    ]);
  },
);

/*
 * Each op rounds to 6e-8 of its result, and slopes in a program are near 1, so energies of a few units and gradients are
 * right within about 1e-6. The largest error in 3000 cases was 3e-7.
 */
property(
  'float32 agrees with float64 within its rounding',
  mildScorings(true),
  fc.constantFrom(mean(), lse({ t: 2 }), lse({ t: 0.5, sign: 1 }), boltzmann({ kT: 0.593 })),
  async (scoring, combination) => {
    const exact = await combinePoses({ ...scoring, combination });
    const executor = interpreter({ precision: 'float32' });
    const unit = 1 + largest(exact.predictions);
    for (const strategy of strategies) {
      const rounded = await combinePoses({ ...scoring, combination, strategy, executor });
      expect(rounded.stats.executor).toBe('interpreter float32');
      expectClose(rounded.predictions, exact.predictions, 1e-5, unit);
      expectClose(rounded.value, exact.value, 1e-5, unit);
      for (const [name, gradient] of Object.entries(exact.gradient)) {
        expect(rounded.gradient[name]?.data).toBeInstanceOf(Float64Array);
        expectClose(rounded.gradient[name] ?? [], gradient, 1e-5, unit);
      }
    }
  },
);
