// A scorer module with poseReadout, poseLoss and a pooling.

import type { Value } from 'posetape';
import { type Combination, type CombineOptions, pooling } from 'posetape/combine';
import { add, mul, square, sub } from 'posetape/ops';
import type { Sent, Theta } from './scorer.ts';

export { score, scoreGroup } from './scorer.ts';

type Options = CombineOptions<Sent, Theta>;

export const poseReadout: NonNullable<Options['poseReadout']> = (x, { params }) => mul(x, params.width);

export const poseLoss: NonNullable<Options['poseLoss']> = (x, { index, params }) =>
  add(square(sub(x, index / 10)), mul(0.1, params.width));

/** Pooling with a log-weight that depends on a parameter. */
export const combination: Combination = pooling<Sent>({
  name: 'two values',
  logWeight: (score, { params }) => mul(params.width as Value, score),
  weight: ({ weight = 1 }) => weight,
});
