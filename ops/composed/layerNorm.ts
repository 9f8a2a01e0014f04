import { add } from '../arithmetic/add.ts';
import { div } from '../arithmetic/div.ts';
import { mul } from '../arithmetic/mul.ts';
import { square } from '../arithmetic/square.ts';
import { sub } from '../arithmetic/sub.ts';
import { sqrt } from '../elementwise/sqrt.ts';
import { type Axes, checkOptions, type Operand, type Value } from '../op.ts';
import { mean } from './mean.ts';

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** The factor by which the normalised entries are multiplied. It broadcasts. Default 1. */
  readonly gain?: Operand;
  /** The term that is added last. It broadcasts. Default 0. */
  readonly bias?: Operand;
  /** The axes normalised together. Default the last. */
  readonly axis?: Axes;
  /** Term added to the variance, so that nothing is divided by 0 if all entries are equal. Default 10⁻⁵. */
  readonly epsilon?: number;
}

/**
 * Entries shifted to mean 0 and scaled to variance 1 along an axis (Ba, Kiros, Hinton, arXiv:1607.06450).
 *
 *     gain·(a − mean a)/√(var a + ε) + bias
 */
export function layerNorm(a: Value, options: LayerNormOptions = {}): Value {
  checkOptions('layerNorm', options, ['gain', 'bias', 'axis', 'epsilon']);
  const { gain, bias, axis = -1, epsilon = 1e-5 } = options;
  const centred = sub(a, mean(a, axis, true));
  const normalised = div(centred, sqrt(add(mean(square(centred), axis, true), epsilon)));
  const stretched = gain === undefined ? normalised : mul(gain, normalised);
  return bias === undefined ? stretched : add(stretched, bias);
}
