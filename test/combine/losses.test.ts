import { evaluate, gradient, Tape, tensor, type Value } from 'posetape';
import {
  absoluteError,
  censored,
  crossEntropy,
  gaussianNLL,
  huber,
  mean,
  pairwiseRanking,
  spread,
  squaredError,
  weightedSum,
} from 'posetape/combine';
import { reshape } from 'posetape/ops';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { combineKnown, energiesOf, posesOf, strategies } from './known-poses.ts';

/** Value of a loss for a tensor of these numbers, and the slope by each number. */
function lossAt(loss: (x: Value) => Value, ...numbers: number[]): { value: number; slopes: number[] } {
  const tape = new Tape();
  const x = tape.parameter(numbers.length === 1 ? tensor(numbers[0] as number) : tensor(numbers));
  const y = reshape(loss(x), []);
  const [value, slopes] = evaluate([y, ...gradient(y, [x])]);
  return { value: value.data[0] as number, slopes: [...(slopes?.data ?? [])] };
}

const halfLog2Pi = Math.log(2 * Math.PI) / 2;

test.each<[string, (x: Value) => Value, number[], number, number[]]>([
  ['squaredError', squaredError(3), [5], 4, [4]],
  ['absoluteError above the target', absoluteError(3), [5], 2, [1]],
  ['absoluteError below the target', absoluteError(3), [-1], 4, [-1]],
  ['absoluteError at the target', absoluteError(3), [3], 0, [0]],
  ['huber near the target', huber(3), [3.5], 0.125, [0.5]],
  ['huber far from the target', huber(3, { delta: 2 }), [-3], 10, [-2]],
  ['huber at a distance of delta', huber(0, { delta: 2 }), [2], 2, [2]],
  ['a lower bound that is satisfied', censored({ measured: 5, bound: 'lower' }), [6], 0, [0]],
  ['a lower bound that is violated', censored({ measured: 5, bound: 'lower' }), [3], 4, [-4]],
  ['an upper bound that is satisfied', censored({ measured: 5, bound: 'upper' }), [-6], 0, [0]],
  [
    'an upper bound that is violated',
    censored({ measured: 5, bound: 'upper', loss: absoluteError }),
    [7],
    2,
    [1],
  ],
  ['a bound that is attained', censored({ measured: 5, bound: 'upper' }), [5], 0, [0]],
  ['gaussianNLL of variance 1', gaussianNLL(3, { variance: 1 }), [5], halfLog2Pi + 2, [2]],
  ['gaussianNLL of variance 4', gaussianNLL(3, { variance: 4 }), [5], halfLog2Pi + Math.log(2) + 0.5, [0.5]],
  [
    'gaussianNLL of a predicted variance',
    gaussianNLL(3),
    [5, 4],
    halfLog2Pi + Math.log(2) + 0.5,
    [0.5, 0.125 - 0.125],
  ],
  [
    'gaussianNLL of a variance below `least`',
    gaussianNLL(3, { least: 4 }),
    [5, 1],
    halfLog2Pi + Math.log(2) + 0.5,
    [0.5, 0],
  ],
  [
    'pairwiseRanking of two compounds against one',
    pairwiseRanking([7, 5, 7], { scale: 2 }),
    [1, 1, 2],
    (Math.log(2) + Math.log1p(Math.exp(-2))) / 2,
    [-0.5, 0.5 + 1 / (1 + Math.exp(2)), -1 / (1 + Math.exp(2))],
  ],
  ['weightedSum', weightedSum([2, squaredError(3)], [-0.5, absoluteError(0)]), [5], 5.5, [7.5]],
])('%s has the right value and slopes', (_name, loss, numbers, value, slopes) => {
  const actual = lossAt(loss, ...numbers);
  expectClose(actual.value, value, 1e-15, 1);
  expectClose(actual.slopes, slopes, 1e-15, 1);
});

describe('in combinePoses', () => {
  const poses = posesOf(-1, -3, -2);

  test('crossEntropy is −ln of the Boltzmann weight of the right pose', async () => {
    const Z = energiesOf(poses).reduce((total, energy) => total + Math.exp(-energy / 0.5), 0);
    for (const strategy of ['recompute', 'full-graph'] as const) {
      const { loss } = await combineKnown({
        poses,
        combination: mean(),
        strategy,
        loss: crossEntropy(2, { kT: 0.5 }),
      });
      expectClose(loss ?? 0, -Math.log(Math.exp(4) / Z), 1e-15);
    }
    await expect(combineKnown({ poses, loss: crossEntropy(0) })).rejects.toThrow(/recompute/);
    await expect(combineKnown({ poses, loss: crossEntropy(3), strategy: 'recompute' })).rejects.toThrow(
      'crossEntropy: right is 3, but there are only 3 poses',
    );
  });

  test('gaussianNLL takes the mean and the variance of spread()', async () => {
    for (const strategy of strategies) {
      const { loss } = await combineKnown({ poses, combination: spread(), strategy, loss: gaussianNLL(-1) });
      expectClose(loss ?? 0, halfLog2Pi + Math.log(2 / 3) / 2 + 0.75, 1e-15);
    }
  });
});

test.each<[string, () => unknown, RegExp]>([
  [
    'a target of NaN',
    () => absoluteError(Number.NaN),
    /absoluteError: target must be a finite number, got NaN/,
  ],
  ['a delta of 0', () => huber(1, { delta: 0 }), /huber: delta must be a finite number above 0/],
  [
    'an unknown bound',
    () => censored({ measured: 1, bound: 'above' as 'upper' }),
    /censored: bound must be 'lower' or 'upper'/,
  ],
  [
    'a variance below 0',
    () => gaussianNLL(1, { variance: -1 }),
    /gaussianNLL: variance must be a finite number above 0/,
  ],
  [
    'no variance',
    () => lossAt(gaussianNLL(1), 3),
    /gaussianNLL: give a variance, or predict x and a variance/,
  ],
  ['an index of −1', () => crossEntropy(-1), /crossEntropy: right must be the index of a pose/],
  ['equal measurements', () => pairwiseRanking([1, 1]), /all compounds have the same measured value/],
  [
    'a wrong number of compounds',
    () => lossAt(pairwiseRanking([1, 2]), 1, 2, 3),
    /2 measured values, but 3 predictions/,
  ],
  ['no terms', () => weightedSum(), /weightedSum: there are no terms/],
  ['a misspelt option', () => huber(1, { detla: 1 } as never), /huber: no option detla/],
])('a loss rejects %s', (_what, make, message) => {
  expect(make).toThrow(message);
});
