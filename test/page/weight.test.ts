import { expect, test } from 'vitest';
import { libraryWeights } from '../../scripts/page-weight.ts';

// The aim for the second is 15 kB, which checked accumulators and the general pooling do not fit into.
test.each([
  [0, 'core with interpreter and all ops', 13_000],
  [1, 'core with interpreter, all ops and combinations, without combinePoses', 19_000],
])('part %i, %s, comes to at most %i B compressed', async (part, what, most) => {
  const weight = (await libraryWeights())[part];
  expect(weight?.what).toBe(what);
  expect(weight?.gzip).toBeLessThanOrEqual(most);
  // A bundle that lost what it is to hold would pass, too.
  expect(weight?.gzip).toBeGreaterThan(8_000);
});
