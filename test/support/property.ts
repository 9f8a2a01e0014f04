import fc from 'fast-check';
import { test } from 'vitest';

/** The number of random cases for each property: POSETAPE_RUNS, or 30. */
export const runs: number = wholeNumber('POSETAPE_RUNS') ?? 30;

/** True for 100 cases or more; whole ensembles are then also run on the slowest backends. */
export const isWide: boolean = runs >= 100;

/** The seed of the random cases: POSETAPE_SEED, or the time. */
export const seed: number = wholeNumber('POSETAPE_SEED') ?? Date.now() % 2 ** 31;

/**
 * A test that a law holds for all cases of the arbitraries. The predicate fails by throwing, and may be async. A
 * failure prints the seed and the smallest case that fast-check found.
 *
 * @example
 * property('addition commutes', fc.double(), fc.double(), (a, b) => expect(a + b).toBe(b + a));
 */
export function property<Drawn extends [unknown, ...unknown[]]>(
  name: string,
  ...law: [...arbitraries: Arbitraries<Drawn>, predicate: (...drawn: Drawn) => void | Promise<void>]
): void {
  const arbitraries = law.slice(0, -1) as unknown as Arbitraries<Drawn>;
  const predicate = law.at(-1) as (...drawn: Drawn) => void | Promise<void>;
  // Generous, since a slow machine or many runs must not fail a law.
  const limit = 60_000 + runs * 1500;
  const check = () => {
    const checked = fc.asyncProperty(...arbitraries, async (...drawn: Drawn) => predicate(...drawn));
    // Synchronous cases keep timers from firing, so fast-check must limit the time itself.
    const limits = { interruptAfterTimeLimit: limit, markInterruptAsFailure: true };
    return fc.assert(checked, { seed, numRuns: runs, ...limits });
  };
  test(name, check, limit);
}

type Arbitraries<Drawn extends unknown[]> = { [K in keyof Drawn]: fc.Arbitrary<Drawn[K]> };

function wholeNumber(variable: string): number | undefined {
  const given = process.env[variable];
  if (given === undefined || given === '') return undefined;
  if (!/^\d+$/.test(given)) throw new RangeError(`${variable} is a whole number from 0, got ${given}`);
  return Number(given);
}
