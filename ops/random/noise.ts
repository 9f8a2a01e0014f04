import { isShape, type Shape } from '../../engine/shape.ts';
import type { Tape } from '../../engine/tape.ts';
import { checkOptions, kindOf, showShape, sizeOf, type Value } from '../op.ts';
import { reshape } from '../shape/reshape.ts';
import { type SeedOptions, uniforms } from './numbers.ts';

/** Options of {@link noise}. */
export interface NoiseOptions extends SeedOptions {
  /** `normal` (default), with mean 0 and variance 1, or `uniform` between 0 and 1. */
  readonly distribution?: 'normal' | 'uniform';
}

/**
 * A constant of random numbers. Each number depends only on the seed, the index of the pose and the position of the
 * entry. So if a tape is recorded again, as `recompute` does, it has the same numbers. See {@link dropout} for how to
 * pass the index.
 *
 * Normal numbers are drawn in pairs, by the Box–Muller transform.
 *
 * @throws RangeError for a seed or index that is not a whole number from 0
 * @example
 * add(weights, mul(sigma, noise(tape, weights.shape, { seed: step, index })));
 */
export function noise(tape: Tape, shape: Shape, options: NoiseOptions): Value {
  checkOptions('noise', options, ['seed', 'index', 'distribution']);
  const { distribution = 'normal' } = options;
  if (distribution !== 'normal' && distribution !== 'uniform') {
    const got = typeof distribution === 'string' ? `'${distribution}'` : kindOf(distribution);
    throw new TypeError(`noise: distribution is 'normal' or 'uniform', got ${got}`);
  }
  if (!isShape(shape)) {
    const got = Array.isArray(shape) ? showShape(shape) : kindOf(shape);
    throw new RangeError(`noise: a shape is a list of whole numbers from 0, got ${got}`);
  }
  const size = sizeOf(shape);
  const drawn = uniforms('noise', options, distribution === 'normal' ? size + (size % 2) : size);
  const numbers = distribution === 'normal' ? normals(drawn).slice(0, size) : drawn;
  return reshape(tape.constant(numbers), shape);
}

/** Turns each pair of uniform numbers into a pair of normal numbers. */
function normals(uniform: readonly number[]): number[] {
  return uniform.map((_, i) => {
    const [first, second] = (i % 2 ? [uniform[i - 1], uniform[i]] : [uniform[i], uniform[i + 1]]) as [
      number,
      number,
    ];
    const [radius, angle] = [Math.sqrt(-2 * Math.log(first)), 2 * Math.PI * second];
    return radius * (i % 2 ? Math.sin(angle) : Math.cos(angle));
  });
}
