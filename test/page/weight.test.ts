import { expect, test } from 'vitest';
import { libraryWeights } from '../../scripts/page-weight.ts';

// An op that a page does not import adds nothing to it.
test.each([
  [0, 'core with interpreter and all ops', 20_000],
  [1, 'core with interpreter, all ops and combinations, without combinePoses', 26_000],
  [4, 'core with interpreter and three ops', 9_600],
])('part %i, %s, comes to at most %i B compressed', async (part, what, most) => {
  const weight = (await libraryWeights())[part];
  expect(weight?.what).toBe(what);
  expect(weight?.gzip).toBeLessThanOrEqual(most);
  // A bundle that lost what it is to hold would pass, too.
  expect(weight?.gzip).toBeGreaterThan(8_000);
});
