import type { Tensor } from 'posetape';
import { expect } from 'vitest';

/** A number, a list of them, or a tensor. */
export type Numbers = number | ArrayLike<number> | Tensor;

/**
 * Fails unless two answers are equal: |a − b| ≤ tolerance · scale for every entry, and equal shapes if both answers
 * have a shape. The error is not relative to the entry itself, since an entry whose terms cancel may be 0.
 *
 * `scale` is one number for all entries, by default the largest expected magnitude, or one number for each entry, such
 * as Σₙ |cₙ||gₙ| for the combined gradient of poses. NaN equals NaN, and an infinity equals itself.
 */
export function expectClose(
  actual: Numbers,
  expected: Numbers,
  tolerance: number,
  scale: Numbers = largest(expected),
): void {
  const [shape, expectedShape] = [shapeOf(actual), shapeOf(expected)];
  if (shape && expectedShape) expect(shape, 'shape').toEqual(expectedShape);
  const [a, b, s] = [entries(actual), entries(expected), entries(scale)];
  expect(a.length, 'number of entries').toBe(b.length);
  for (let i = 0; i < b.length; i++) {
    const [entry, wanted, unit] = [a[i] as number, b[i] as number, s[s.length === 1 ? 0 : i] as number];
    if (Object.is(entry, wanted) || entry === wanted) continue;
    const [off, limit] = [Math.abs(entry - wanted), tolerance * unit];
    if (off <= limit) continue;
    const position = b.length === 1 ? '' : `entry ${i} of ${b.length}: `;
    expect.fail(
      `${position}${entry} is not ${wanted}: off by ${off}, ${off / limit} times the limit of ${tolerance} · ${unit}`,
    );
  }
}

/** Largest magnitude of the finite entries; 0 if there are none. */
export function largest(numbers: Numbers): number {
  const magnitudes = Array.from(entries(numbers), Math.abs).filter(Number.isFinite);
  return magnitudes.reduce((a, b) => Math.max(a, b), 0);
}

function entries(numbers: Numbers): ArrayLike<number> {
  if (typeof numbers === 'number') return [numbers];
  return 'data' in numbers ? numbers.data : numbers;
}

function shapeOf(numbers: Numbers): readonly number[] | undefined {
  return typeof numbers === 'object' && 'data' in numbers ? numbers.shape : undefined;
}
