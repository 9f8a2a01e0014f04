import fc from 'fast-check';

/**
 * Real numbers from `min` to `max` with all their digits, but none nearer to 0 than 10⁻¹² except 0 itself: below some
 * 10⁻³⁰⁰ a product of two numbers has no digits left, and laws of arithmetic end.
 */
export function real(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true }).map(x => (Math.abs(x) < 1e-12 ? 0 : x));
}
