import { checkOptions } from '../engine/options.ts';
import type { Value } from '../engine/tape.ts';
import { add } from '../ops/arithmetic/add.ts';
import { div } from '../ops/arithmetic/div.ts';
import { neg } from '../ops/arithmetic/neg.ts';
import { square } from '../ops/arithmetic/square.ts';
import { sub } from '../ops/arithmetic/sub.ts';
import { concat } from '../ops/shape/concat.ts';
import { reshape } from '../ops/shape/reshape.ts';
import { slice } from '../ops/shape/slice.ts';
import type { Combination } from './combination.ts';
import type { PoseWeight } from './pool.ts';
import { pooling } from './pooling.ts';
import { betaOf, type Setting, settingOf, type Values } from './settings.ts';

/**
 * The mean and variance of the poses' scores, as two numbers, for a loss such as `gaussianNLL`. `weight` returns the pose
 * weight m_n, by default 1. With `kT`, a number or a function of the parameters, w_n is the Boltzmann weight of `boltzmann`.
 * Without it, w_n = m_n/Σ m_n.
 *
 *     ΔG = (Σ w_n ΔG_n, Σ w_n ΔG_n² − (Σ w_n ΔG_n)²)
 *
 * The variance is a difference of two squares. If the energies are far from 0 compared with their spread, set `about`, by
 * default 0, to an energy near them to keep the digits of the variance.
 *
 * @throws RangeError for kT ≤ 0 or an `about` that is not finite, TypeError for an unknown option
 */
export function spread<Pose, V extends Values = Values>(
  options: { readonly kT?: Setting<V>; readonly about?: number; readonly weight?: PoseWeight<Pose> } = {},
): Combination {
  checkOptions('spread', options, ['kT', 'about', 'weight']);
  const { kT, about = 0, weight } = options;
  if (!Number.isFinite(about)) throw new RangeError(`spread: about must be a finite number, got ${about}`);
  if (typeof kT === 'number') betaOf('spread', kT);
  return {
    ...pooling({
      name: 'spread',
      settings: { about, ...(typeof kT === 'number' && { kT }) },
      ...(kT !== undefined && {
        logWeight: (score: Value, { params }: { readonly params: Values }) =>
          neg(div(sub(score, about), settingOf(kT, params))),
      }),
      values(score) {
        const fromAbout = reshape(sub(score, about), [1]);
        return concat([fromAbout, square(fromAbout)]);
      },
      value({ mean }) {
        const [first, second] = [slice(mean, 0, 1), slice(mean, 1, 2)];
        return concat([add(first, about), sub(second, square(first))]);
      },
      weight,
    }),
    ...(kT !== undefined && { learned: { kT } }),
  };
}
