import { showArgument } from '../op.ts';
import { philox } from './philox.ts';

/** The seed and the index that random numbers depend on. */
export interface SeedOptions {
  /** A whole number from 0. Use a different one for each use in a scorer, and for each step of training. */
  readonly seed: number;
  /** The index of the pose, a whole number from 0, which gives each pose its own numbers. Default 0. */
  readonly index?: number;
}

/**
 * A list of `count` uniform random numbers above 0 and at most 1: multiples of 2⁻⁵³, plus 2⁻⁵⁴, rounded to float64. Each
 * number depends only on the seed, the index and its position in the list.
 *
 * @throws RangeError naming the op for a seed or index that is not a whole number from 0
 */
export function uniforms(op: string, { seed, index = 0 }: SeedOptions, count: number): number[] {
  const key = wordsOf(op, 'seed', seed);
  const [low, high] = wordsOf(op, 'index', index);
  return Array.from({ length: Math.ceil(count / 2) }, (_, block) => philox([block, 0, low, high], key))
    .flatMap(([a, b, c, d]) => [unit(a, b), unit(c, d)])
    .slice(0, count);
}

/**
 * A number above 0 and at most 1, from the highest 27 bits of the first word and the highest 26 of the second. The number
 * that these bits form, plus ½, is divided by 2⁵³. Because of the ½ the result is never 0. It is 1 only if all bits are
 * set: then the ½ is rounded up.
 */
function unit(a: number, b: number): number {
  return ((a >>> 5) * 2 ** 26 + (b >>> 6) + 0.5) / 2 ** 53;
}

/** The low and the high word of a whole number. @throws RangeError naming the op and the option for any other number */
function wordsOf(op: string, name: string, number: number): [low: number, high: number] {
  if (!Number.isSafeInteger(number) || number < 0) {
    const got = showArgument(number);
    throw new RangeError(`${op}: ${name} is a whole number from 0, got ${got}`);
  }
  return [number >>> 0, Math.floor(number / 2 ** 32)];
}
