import fc from 'fast-check';

/** Evenly spread, as fc.double is not: it is even over bit patterns, so that nine in ten of its numbers are next to 0. */
export function evenly(min: number, max: number): fc.Arbitrary<number> {
  const steps = 1e6;
  return fc.integer({ min: 0, max: steps }).map(step => min + ((max - min) * step) / steps);
}

/** Real numbers from `min` to `max`: mostly spread evenly, now and then 0 or an end, if that is 0 or a whole number. */
export function real(min: number, max: number): fc.Arbitrary<number> {
  const special = [0, min, max].filter(each => each >= min && each <= max && Number.isInteger(each));
  const spread = { arbitrary: evenly(min, max), weight: 9 };
  return special.length === 0
    ? spread.arbitrary
    : fc.oneof(spread, { arbitrary: fc.constantFrom(...special), weight: 1 });
}
