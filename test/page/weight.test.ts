import { expect, test } from 'vitest';
import { libraryWeights } from '../../scripts/page-weight.ts';

test('core, ops and combinations come to at most 15 kB compressed', async () => {
  const [core] = await libraryWeights();
  expect(core?.what).toBe('core with interpreter, all ops and combinations, without combinePoses');
  expect(core?.gzip).toBeLessThanOrEqual(15_000);
  // A bundle that lost what it is to hold would pass, too.
  expect(core?.gzip).toBeGreaterThan(8_000);
});
