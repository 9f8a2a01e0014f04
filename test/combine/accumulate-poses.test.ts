import fc from 'fast-check';
import { interpreter, tensor, type Value } from 'posetape';
import {
  accumulatePoses,
  boltzmann,
  combinePoses,
  finish,
  gated,
  lse,
  mean,
  pKi,
  pooling,
  squaredError,
} from 'posetape/combine';
import { mul, neg, square, sub, sum } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose, largest } from '../support/equal.ts';
import { property } from '../support/property.ts';
import { combinations, knownPose, several } from './arbitraries.ts';
import { energiesOf, type KnownOptions, params, posesOf, score } from './known-poses.ts';
import { reachOf, sharesOf } from './textbook.ts';

const executor = interpreter();

describe('states of shards', () => {
  property(
    'merged from JSON give the result of all poses, with poseLosses, and with or without a readout and a loss',
    combinations,
    several(fc.tuple(knownPose, fc.nat(3)), 24),
    fc.boolean(),
    async (combination, assigned, hasLoss) => {
      const poses = assigned.map(([pose]) => pose);
      const readoutAndLoss: Pick<KnownOptions, 'loss' | 'readout'> = hasLoss
        ? { readout: pKi(), loss: squaredError(1e4) }
        : {};
      const poseLoss: KnownOptions['poseLoss'] = x => square(sub(x, 7));
      const expected = await combinePoses({
        poses,
        params,
        score,
        combination,
        executor,
        poseLoss,
        ...readoutAndLoss,
      });
      const states = [];
      for (const part of [0, 1, 2, 3]) {
        const shard = assigned.filter(([, owner]) => owner === part).map(([pose]) => pose);
        const { state } = await accumulatePoses({
          poses: shard,
          params,
          score,
          combination,
          executor,
          poseLoss,
        });
        states.push(combination.accumulator(JSON.parse(JSON.stringify(state))));
      }
      const merged = states.reduce((sum, state) => sum.merge(state));
      const { value, loss, readout, gradient, stats } = finish(merged, {
        combination,
        params,
        poseLoss,
        ...readoutAndLoss,
      });
      const size = 1 + largest(energiesOf(poses));
      expectClose(value, expected.value, 1e-12, largest([expected.value, size]));
      expectClose(loss ?? 0, expected.loss ?? 0, 1e-12);
      expectClose(readout ?? 0, expected.readout ?? 0, 1e-12, size);
      expect(stats.poses).toBe(poses.length);
      const { sizes } = sharesOf(combination, energiesOf(poses));
      // `slope` bounds the slope of the loss by ΔG, 2 (pKi − 10⁴)/ln 10. The slope of a poseLoss is 2 (ΔG_n − 7).
      const slope = largest([expected.value, 1e5]);
      const factors = sizes.map(
        (each, n) => (hasLoss ? each * slope : 0) + 2 * Math.abs((poses[n]?.energy ?? 0) - 7),
      );
      expectClose(
        gradient.w,
        expected.gradient.w,
        1e-12,
        reachOf(
          factors,
          poses.map(pose => pose.slope),
        ),
      );
    },
  );

  test('may hold no poses, and come with a list of the poses that were left out', async () => {
    const options = { params, score, combination: lse(), executor };
    const empty = await accumulatePoses({ ...options, poses: [] });
    expect([empty.state.count, empty.stats.poses]).toEqual([0, 0]);
    const some = await accumulatePoses({ ...options, poses: posesOf(-1, Number.NaN), badPose: 'skip' });
    expect(some.stats).toMatchObject({ poses: 1, badPoses: [{ index: 1 }], executor: 'interpreter float64' });
    expect(finish(empty.state.merge(some.state), { combination: lse(), params }).value).toBe(-1);
    expect(() => finish(empty.state, { combination: lse(), params })).toThrow('finish: no poses were added');
  });

  test('may be finished several times', async () => {
    const { state } = await accumulatePoses({
      poses: posesOf(-1, -3),
      params,
      score,
      combination: mean(),
      executor,
    });
    const bare = finish(state, { combination: mean(), params });
    const withLoss = finish(state, { combination: mean(), params, loss: squaredError(0) });
    expect([bare.value, withLoss.loss]).toEqual([-2, 4]);
    expectClose(
      withLoss.gradient.w.data,
      Array.from(bare.gradient.w.data, entry => -4 * entry),
      1e-15,
    );
    expect(finish(state, { combination: mean(), params })).toEqual(bare);
  });

  test('of a pooling are finished with the parameters that its `value` function reads', async () => {
    const theta = { ...params, gain: tensor(3) };
    type Theta = { readonly [name in keyof typeof theta]: Value };
    const combination = pooling<unknown, Theta>({
      name: 'gained',
      logWeight: z => neg(z),
      value: ({ mean }, { params }) => mul(sum(mean), params.gain),
    });
    const options = { poses: posesOf(-1, -3), params: theta, score, combination, executor };
    const { state } = await accumulatePoses(options);
    const { value, gradient } = await combinePoses(options);
    expect(finish(state, { combination, params: theta })).toMatchObject({ value, gradient });
    expect(gradient.gain.data[0]).toBeCloseTo(value / 3, 14);
    expect(() => state.result()).toThrow(/gained .* use finish/);
    expect(() => state.add(1, null)).toThrow(/gained is more than one number; use accumulatePoses/);
  });

  test.each<[string, (state: Parameters<typeof finish>[0]) => unknown, RegExp]>([
    [
      'another kT',
      state => finish(state, { combination: boltzmann({ kT: 2 }), params }),
      /finish: the state is of boltzmann.*, not of boltzmann/,
    ],
    [
      'another pooling',
      state => finish(state, { combination: gated(), params }),
      /finish: the state is of boltzmann.*, not of gated/,
    ],
    ['no combination', state => finish(state, { params } as never), /finish: combination must be/],
    [
      'a misspelt option',
      state => finish(state, { combination: boltzmann(), params, readuot: (x: Value) => x } as never),
      /finish: no option readuot; options are/,
    ],
    [
      'a loss that is no function',
      state => finish(state, { combination: boltzmann(), params, loss: 3 as never }),
      /finish: loss must be a function/,
    ],
    [
      'a parameter of NaN',
      state => finish(state, { combination: boltzmann(), params: { w: tensor(Number.NaN) } }),
      /parameter w is NaN/,
    ],
    [
      'a loss that reads all predictions',
      state =>
        finish(state, { combination: boltzmann(), params, loss: (x, all) => mul(x, sum(all.predictions)) }),
      /the loss reads all predictions/,
    ],
  ])('cannot be finished with %s', async (_what, finishIt, message) => {
    const { state } = await accumulatePoses({
      poses: posesOf(-1),
      params,
      score,
      combination: boltzmann(),
      executor,
    });
    expect(() => finishIt(state)).toThrow(message);
  });

  test('cannot be computed for a combination in ops, or with a loss', async () => {
    const options = { poses: posesOf(-1), params, score, executor };
    const inOps = { ...options, combination: ((x: Value) => sum(x)) as never };
    await expect(accumulatePoses(inOps)).rejects.toThrow(/accumulatePoses: combination must be mean/);
    const withLoss = { ...options, combination: mean(), loss: squaredError(1) };
    await expect(accumulatePoses(withLoss as never)).rejects.toThrow(/accumulatePoses: no option loss/);
  });
});
