import { expect, test } from 'vitest';
import { libraryWeights } from '../../scripts/page-weight.ts';

// Code of ops that are not imported, such as that of erf, stays out. The aim for the second is 15 kB, which checked accumulators, the general pooling and a hundred ops do not fit into.
test.each([
  [0, 'core with interpreter and all ops', 22_500],
  [1, 'core with interpreter, all ops and combinations, without combinePoses', 29_300],
  [4, 'core with interpreter and three ops', 9_800],
])('part %i, %s, comes to at most %i B compressed', async (part, what, most) => {
  const weight = (await libraryWeights())[part];
  expect(weight?.what).toBe(what);
  expect(weight?.gzip).toBeLessThanOrEqual(most);
  // A bundle that lost what it is to hold would pass, too.
  expect(weight?.gzip).toBeGreaterThan(8_000);
});
