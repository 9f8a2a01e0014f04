import fc from 'fast-check';

/** Uniformly distributed numbers. (fc.double draws uniform bit patterns, so nine in ten of its numbers are close to 0.) */
export function evenly(min: number, max: number): fc.Arbitrary<number> {
  const steps = 1e6;
  return fc.integer({ min: 0, max: steps }).map(step => min + ((max - min) * step) / steps);
}

/** Numbers from `min` to `max`: mostly uniform, sometimes 0 or a bound that is an integer. */
export function real(min: number, max: number): fc.Arbitrary<number> {
  const special = [0, min, max].filter(each => each >= min && each <= max && Number.isInteger(each));
  const spread = { arbitrary: evenly(min, max), weight: 9 };
  return special.length === 0
    ? spread.arbitrary
    : fc.oneof(spread, { arbitrary: fc.constantFrom(...special), weight: 1 });
}
