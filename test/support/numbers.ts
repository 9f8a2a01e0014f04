import fc from 'fast-check';

/**
 * Uniformly distributed numbers. (fc.double draws bit patterns. In a range such as −2 to 2, nine in ten patterns are
 * numbers close to 0.)
 */
export function evenly(min: number, max: number): fc.Arbitrary<number> {
  const steps = 1e6;
  return fc.integer({ min: 0, max: steps }).map(step => min + ((max - min) * step) / steps);
}

/** Numbers from `min` to `max`: mostly uniform, sometimes 0, and sometimes `min` or `max` if it is an integer. */
export function real(min: number, max: number): fc.Arbitrary<number> {
  const special = [0, min, max].filter(each => each >= min && each <= max && Number.isInteger(each));
  const spread = { arbitrary: evenly(min, max), weight: 9 };
  return special.length === 0
    ? spread.arbitrary
    : fc.oneof(spread, { arbitrary: fc.constantFrom(...special), weight: 1 });
}
