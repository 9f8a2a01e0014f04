import fc from 'fast-check';
import { evaluate, gradient, interpreter, Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  combineBatch,
  combinePoses,
  gated,
  mean,
  pairwiseRanking,
  pKi,
  squaredError,
} from 'posetape/combine';
import { add, concat, exp, mul, reshape, slice, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { several, slopes } from './arbitraries.ts';
import { definitionOf, type Values } from './definition.ts';
import { grouped, type KnownPose, posesOf, score as scoreKnown } from './known-poses.ts';
import { type Named, named, namedPoolings } from './named-poolings.ts';

const params = { w: tensor([0.1, -0.2, 0.3]), gain: tensor(1.5) };
const executor = interpreter();
const score = (tape: Tape, { w }: { readonly w: Value }, pose: KnownPose) => scoreKnown(tape, { w }, pose);

/** Compound with its measured affinity. */
interface Measured {
  readonly poses: readonly KnownPose[];
  readonly measured: number;
}

const compounds: fc.Arbitrary<Measured[]> = several(
  fc.record({
    poses: several(fc.record({ energy: evenly(-20, 20), slope: slopes }), 6),
    measured: evenly(-10, 10),
  }),
  6,
  2,
);
const variants = fc.record({
  hasReadout: fc.boolean(),
  hasPoseLoss: fc.boolean(),
  posesPerTape: fc.integer({ min: 1, max: 6 }),
});

/** Options of a batch with a named pooling, and a function that computes one compound by definition, with a loss. */
function batchOf(
  { isWide, makeCombination, params, pool, score }: Named,
  { hasReadout, hasPoseLoss, posesPerTape }: typeof variants extends fc.Arbitrary<infer T> ? T : never,
) {
  const combination = makeCombination();
  // A variance may be as large as the square of an energy, so it gets a small factor.
  const single = (x: Value) => (isWide ? add(sum(slice(x, 0, 1)), mul(1e-3, sum(slice(x, 1, 2)))) : x);
  const readout = (x: Value) => (hasReadout ? pKi()(single(x)) : single(x));
  const poseLoss = hasPoseLoss
    ? (x: Value, { setting }: Values) => mul(setting as Value, sum(square(mul(0.1, x))))
    : undefined;
  const scoring = {
    params,
    combination,
    executor,
    score: grouped(score),
    posesPerTape,
    readout,
    ...(poseLoss && {
      poseLoss: (x: Value, { params }: { readonly params: Values }) => poseLoss(x, params),
    }),
  };
  const define = (poses: readonly KnownPose[], loss: (prediction: Value, params: Values) => Value) =>
    definitionOf<KnownPose>({
      poses,
      params,
      score,
      combination: () => combination,
      pool: pool?.(Math.min(...poses.map(({ energy }) => energy))) ?? (combination.pool as object),
      loss: (x, params) => loss(reshape(readout(x), []), params),
      poseLoss,
    });
  return { scoring, define };
}

const lossOf = (x: Value, measured: number, { head }: Values) =>
  mul(exp(sum(head as Value)), square(sub(x, measured)));

type Definitions = readonly Pick<ReturnType<typeof definitionOf>, 'sums'>[];

/**
 * Fails unless a gradient is the sum of the compounds' gradients, each times its factor. In the bound of the error,
 * `sizes` take the place of the factors.
 */
function expectSum(
  actual: Readonly<Record<string, Tensor>>,
  definitions: Definitions,
  factors: readonly number[] = definitions.map(() => 1),
  sizes: readonly number[] = factors.map(Math.abs),
): void {
  for (const [name, { data }] of Object.entries(actual)) {
    const total = (of: 'exact' | 'reach', by: readonly number[]) =>
      Float64Array.from(data, (_, i) =>
        definitions.reduce(
          (t, { sums }, c) => t + (by[c] as number) * (sums[name]?.[of][i] ?? Number.NaN),
          0,
        ),
      );
    expectClose(data, total('exact', factors), 1e-12, total('reach', sizes));
  }
}

describe('a batch', () => {
  property(
    'has the loss and gradient summed over its compounds',
    compounds,
    namedPoolings,
    variants,
    async (all, named, variant) => {
      const { scoring, define } = batchOf(named, variant);
      const batch = await combineBatch({
        ...scoring,
        compounds: all,
        loss: (x, { compound, params }) => lossOf(x, compound.measured, params),
      });
      const definitions = all.map(({ poses, measured }) =>
        define(poses, (x, params) => lossOf(x, measured, params)),
      );
      const losses = definitions.map(({ loss }) => loss);
      const size = 1 + largest(batch.values);
      expectClose(
        batch.loss ?? Number.NaN,
        losses.reduce((total, loss) => total + loss, 0),
        1e-12,
        all.length * 400 * size ** 2,
      );
      expectClose(
        batch.compounds.map(({ loss = Number.NaN }) => loss),
        losses,
        1e-12,
        400 * size ** 2,
      );
      expectSum(batch.gradient, definitions);
    },
  );

  property(
    'with a ranking loss has the gradient of the definition, and of one graph of all compounds',
    compounds,
    namedPoolings,
    variants,
    fc.boolean(),
    async (all, named, variant, hasLoss) => {
      const { scoring, define } = batchOf(named, { ...variant, hasPoseLoss: false });
      const measured = all.map((compound, n) => compound.measured + n / 1e3);
      const rank = pairwiseRanking(measured, { scale: 0.3 });
      const across = (x: Value, { head }: Values) => mul(exp(sum(head as Value)), rank(x));
      const loss = (x: Value, index: number) => mul(0.1, square(sub(x, measured[index] as number)));
      const batch = await combineBatch({
        ...scoring,
        compounds: all,
        batchLoss: (x, { params }) => across(x, params),
        ...(hasLoss && { loss: (x: Value, { index }: { readonly index: number }) => loss(x, index) }),
      });

      // The loss as a function of the predictions, its slopes and their derivatives, and its slope by `head`.
      const definitions = all.map(({ poses }) => define(poses, x => x));
      const predictions = definitions.map(({ loss }) => loss);
      const totalLoss = (x: Value, params: Values) =>
        all
          .map((_, n) => (hasLoss ? loss(sum(mul(x, oneHot(x, n))), n) : 0))
          .reduce<Value>((t, term) => add(t, term), across(x, params));
      const tape = new Tape();
      const x = tape.parameter(tensor(predictions));
      const head = tape.parameter(named.params.head);
      const total = totalLoss(x, { head });
      const [slopes, headSlope] = gradient(total, [x, head]);
      const curves = all.map((_, n) => gradient(sum(mul(slopes, oneHot(x, n))), [x])[0]);
      const [expectedLoss, factors, direct, ...curvatures] = evaluate([
        total,
        slopes,
        headSlope,
        ...curves,
      ]).map(({ data }) => [...data]) as [number[], number[], number[], ...number[][]];
      const size = 1 + largest(predictions);
      const sizes = factors.map(
        (factor, n) =>
          Math.abs(factor) + size * (curvatures[n] as number[]).reduce((t, curve) => t + Math.abs(curve), 0),
      );
      expectClose(batch.loss ?? Number.NaN, expectedLoss, 1e-12, size ** 2 * all.length);
      expectClose(batch.values, predictions, 1e-12, size);
      const headSums = {
        exact: Float64Array.from(direct),
        reach: Float64Array.from(direct, () => size * all.length),
      };
      const terms = [...definitions, { sums: { ...zeros, head: headSums } }];
      expectSum(batch.gradient, terms, [...factors, 1], [...sizes, 1]);

      const { combine } = scoring.combination;
      if (!combine) return;
      // The same batch on one tape: each compound is a pose, whose score contains the combination in ops.
      const graph = await combinePoses({
        poses: all,
        params: named.params as Readonly<Record<string, Tensor>>,
        score: (tape, values, { poses }: Measured) =>
          scoring.readout(combine(concat(poses.map(pose => reshape(named.score(tape, values, pose), [1]))))),
        combination: (x, { params }) => totalLoss(x, params),
        strategy: 'full-graph',
        executor,
      });
      expectClose(batch.loss ?? Number.NaN, graph.value, 1e-12, size ** 2 * all.length);
      expectClose(batch.values, graph.predictions, 1e-12, size);
      expectSum(graph.gradient, terms, [...factors, 1], [...sizes, 1]);
    },
  );

  const zeros = Object.fromEntries(
    Object.entries(named('mean', 1).params).map(([name, { data }]) => [
      name,
      { exact: new Float64Array(data.length), reach: new Float64Array(data.length) },
    ]),
  );

  const oneHot = ({ tape, shape }: Value, n: number) =>
    tape.constant(Array.from({ length: shape[0] as number }, (_, i) => (i === n ? 1 : 0)));

  test('takes the same memory for any number of compounds', async () => {
    const peakOf = async (count: number) => {
      const all = Array.from({ length: count }, () => ({ poses: posesOf(-1, -2, -3), measured: -2 }));
      const options = { compounds: all, params, score, combination: boltzmann(), executor };
      const separate = await combineBatch({ ...options, loss: squaredError(-2) });
      const ranked = await combineBatch({ ...options, batchLoss: x => sum(square(x)) });
      return [separate.stats.peakBytes, ranked.stats.peakBytes];
    };
    expect(await peakOf(40)).toEqual(await peakOf(2));
  });

  test('without a loss has the gradient of the sum of values, also for async compounds', async () => {
    async function* later() {
      for (const energy of [-1, -4]) yield { poses: posesOf(energy).values() };
    }
    const { values, gradient, ...rest } = await combineBatch({
      compounds: later(),
      params: { ...params, w: tensor([0, 0, 0]) },
      score,
      combination: mean(),
      executor,
    });
    expect([...values]).toEqual([-1, -4]);
    expect(gradient.w.data).toEqual(Float64Array.of(2, 0, 0));
    expect(rest).not.toHaveProperty('loss');
  });

  test('accepts a combination of several numbers of each pose: gated()', async () => {
    const all = [{ poses: posesOf(-1, -3) }, { poses: posesOf(-2) }];
    const { values } = await combineBatch({
      compounds: all,
      params,
      score: (tape, { gain }, { energy }: KnownPose) =>
        add(mul(0, gain), tape.constant([energy, 2 * energy])),
      combination: gated(),
      executor,
    });
    expectClose(values, [(-2 * Math.exp(-1) - 6 * Math.exp(-3)) / (Math.exp(-1) + Math.exp(-3)), -4], 1e-14);
  });
});

describe('a batch rejects', () => {
  const options = { params, score, combination: mean(), executor };
  const two = [{ poses: posesOf(-1) }, { poses: posesOf(Number.NaN) }];
  const batchLoss = (x: Value) => sum(x);
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'no compounds',
      () => combineBatch({ ...options, compounds: [] }),
      /combineBatch: there are no compounds/,
    ],
    [
      'compounds that are not iterable',
      () => combineBatch({ ...options, compounds: 3 as never }),
      /compounds must be an iterable/,
    ],
    [
      'a bad pose',
      () => combineBatch({ ...options, compounds: two }),
      /compound 1: pose 0: its prediction is NaN/,
    ],
    [
      'no poses',
      () => combineBatch({ ...options, compounds: [{ poses: [] as KnownPose[] }] }),
      /compound 0: .*there are no poses/,
    ],
    [
      'compounds that can be read only once, with a batchLoss',
      () => combineBatch({ ...options, compounds: [{ poses: posesOf(-1) }].values(), batchLoss }),
      /batchLoss reads the compounds twice/,
    ],
    [
      'poses that can be read only once, with a batchLoss',
      () => combineBatch({ ...options, compounds: [{ poses: posesOf(-1).values() }], batchLoss }),
      /those of compound 0 can be iterated only once/,
    ],
    [
      'a misspelt option',
      () => combineBatch({ ...options, compounds: two, bachLoss: batchLoss } as never),
      /combineBatch: no option bachLoss/,
    ],
    [
      'a batchLoss that returns several numbers',
      () =>
        combineBatch({
          ...options,
          compounds: [{ poses: posesOf(-1) }, { poses: posesOf(-2) }],
          batchLoss: x => x,
        }),
      /batchLoss must return a single number/,
    ],
  ])('%s', async (_what, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });

  test('with the reason of an abort, unchanged', async () => {
    const reason = new Error('enough');
    const run = combineBatch({ ...options, compounds: two, signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toBe(reason);
  });
});
