import fc from 'fast-check';
import { interpreter, type Tensor, tensor, type Value } from 'posetape';
import {
  boltzmann,
  combineBatch,
  combinePoses,
  gated,
  lse,
  mean,
  pairwiseRanking,
  pKi,
  squaredError,
} from 'posetape/combine';
import { add, concat, exp, mul, reshape, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { several, slopes } from './arbitraries.ts';
import { type KnownPose, posesOf, score as scoreKnown } from './known-poses.ts';

const params = { w: tensor([0.1, -0.2, 0.3]), gain: tensor(1.5) };
type Values = { readonly [name in keyof typeof params]: Value };
const executor = interpreter();
const score = (tape: Parameters<typeof scoreKnown>[0], { w }: Values, pose: KnownPose) =>
  scoreKnown(tape, { w }, pose);

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
const combinations = fc.constantFrom(mean(), lse({ t: 2 }), boltzmann({ kT: 0.7 }));

/** As large as any term of a gradient may be. */
const reach = (all: readonly Measured[]) => {
  const size = 50 + largest(all.flatMap(({ poses }) => poses.map(({ slope }) => 10 * largest(slope))));
  return 60 * size ** 2 * all.length;
};

describe('a batch', () => {
  property(
    'is the sum of its compounds',
    compounds,
    combinations,
    fc.boolean(),
    async (all, combination, hasReadout) => {
      const scoring = { params, score, combination, executor, ...(hasReadout && { readout: pKi() }) };
      const lossOf = (x: Value, measured: number, gain: Value) => mul(exp(gain), square(sub(x, measured)));
      const batch = await combineBatch({
        ...scoring,
        compounds: all,
        loss: (x, { compound, params }) => lossOf(x, compound.measured, params.gain),
      });
      const each = await Promise.all(
        all.map(({ poses, measured }) =>
          combinePoses({ ...scoring, poses, loss: (x, { params }) => lossOf(x, measured, params.gain) }),
        ),
      );
      expectClose(
        batch.loss ?? 0,
        each.reduce((total, { loss = 0 }) => total + loss, 0),
        1e-12,
      );
      expect(batch.values).toEqual(Float64Array.from(each, ({ value, readout }) => readout ?? value));
      expect(batch.compounds).toEqual(each.map(({ value, loss, stats }) => ({ value, loss, stats })));
      for (const name of ['w', 'gain'] as const) {
        const total = Array.from(params[name].data, (_, i) =>
          each.reduce((sum, { gradient }) => sum + (gradient[name].data[i] as number), 0),
        );
        expectClose(batch.gradient[name].data, total, 1e-12, reach(all));
      }
    },
  );

  property(
    'compared by a ranking has the gradient of the graph of all compounds',
    compounds,
    combinations,
    fc.boolean(),
    async (all, combination, hasLoss) => {
      const measured = all.map((compound, n) => compound.measured + n / 1e3);
      const rank = pairwiseRanking(measured, { scale: 0.3 });
      const batchLoss = (x: Value, { params }: { readonly params: Values }) => mul(params.gain, rank(x));
      const loss = (x: Value, index: number) => mul(0.1, square(sub(x, measured[index] as number)));
      const batch = await combineBatch({
        compounds: all,
        params,
        score,
        combination,
        executor,
        batchLoss,
        ...(hasLoss && { loss: (x: Value, { index }: { readonly index: number }) => loss(x, index) }),
      });
      // All compounds on one tape: each is a pose, and its combination in ops is part of the score.
      const graph = await combinePoses({
        poses: all,
        params,
        score: (tape, values, { poses }: Measured) =>
          combination.combine?.(concat(poses.map(pose => reshape(score(tape, values, pose), [1])))) as Value,
        combination: (x, { params }) =>
          Array.from({ length: hasLoss ? all.length : 0 }, (_, n) =>
            loss(sum(mul(x, oneHot(x, n))), n),
          ).reduce((total, term) => add(total, term), batchLoss(x, { params })),
        strategy: 'full-graph',
        executor,
      });
      expectClose(batch.loss ?? 0, graph.value, 1e-12);
      expectClose(batch.values, graph.predictions, 1e-12, 40);
      for (const name of ['w', 'gain'] as const)
        expectClose(batch.gradient[name], graph.gradient[name] as Tensor, 1e-12, reach(all));
    },
  );

  const oneHot = ({ tape, shape }: Value, n: number) =>
    tape.constant(Array.from({ length: shape[0] as number }, (_, i) => (i === n ? 1 : 0)));

  test('takes no more memory for more compounds', async () => {
    const peakOf = async (count: number) => {
      const all = Array.from({ length: count }, () => ({ poses: posesOf(-1, -2, -3), measured: -2 }));
      const options = { compounds: all, params, score, combination: boltzmann(), executor };
      const separate = await combineBatch({ ...options, loss: squaredError(-2) });
      const ranked = await combineBatch({ ...options, batchLoss: x => sum(square(x)) });
      return [separate.stats.peakBytes, ranked.stats.peakBytes];
    };
    expect(await peakOf(40)).toEqual(await peakOf(2));
  });

  test('without a loss has the gradient of the sum, and reads compounds as they come', async () => {
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

  test('pools by any combination', async () => {
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

describe('an error of a batch says what is wrong:', () => {
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
      'none to be read',
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
      'compounds read once',
      () => combineBatch({ ...options, compounds: [{ poses: posesOf(-1) }].values(), batchLoss }),
      /batchLoss reads the compounds twice/,
    ],
    [
      'poses read once',
      () => combineBatch({ ...options, compounds: [{ poses: posesOf(-1).values() }], batchLoss }),
      /those of compound 0 can be iterated only once/,
    ],
    [
      'an option',
      () => combineBatch({ ...options, compounds: two, bachLoss: batchLoss } as never),
      /combineBatch: no option bachLoss/,
    ],
    [
      'a loss of several numbers',
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

  test('an abort is as it is', async () => {
    const reason = new Error('enough');
    const run = combineBatch({ ...options, compounds: two, signal: AbortSignal.abort(reason) });
    await expect(run).rejects.toBe(reason);
  });
});
