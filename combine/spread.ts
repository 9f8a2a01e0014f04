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
 * The mean and variance of the poses' scores, as two numbers: an uncertainty over poses, for a loss such as `gaussianNLL`.
 * Poses are weighted by `weight` m_n (default 1) and, if `kT` is given (a number or a function of the parameters), by their
 * Boltzmann factors.
 *
 *     ΔG = (Σ w_n ΔG_n, Σ w_n ΔG_n² − (Σ w_n ΔG_n)²)
 *
 * The variance is a difference of two squares. If the energies are far from 0 compared with their spread, set `about` to an
 * energy near them (default 0) to keep its digits.
 *
 * @throws RangeError for kT ≤ 0 or `about` not finite, TypeError for an option that there is not
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
        const above = reshape(sub(score, about), [1]);
        return concat([above, square(above)]);
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
