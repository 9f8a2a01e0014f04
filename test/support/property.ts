import fc from 'fast-check';
import { test } from 'vitest';

/** Number of random cases of each property: POSETAPE_RUNS, or 30. */
export const runs: number = wholeNumber('POSETAPE_RUNS') ?? 30;

/** True if each property runs at least 100 cases. Tests then also run whole ensembles on the slowest backends. */
export const isWide: boolean = runs >= 100;

/** Seed of the random cases: POSETAPE_SEED, or one from the time. */
export const seed: number = wholeNumber('POSETAPE_SEED') ?? Date.now() % 2 ** 31;

/**
 * Declares a test of a law on random cases. The predicate fails by throwing, and may be async. A failure prints the
 * seed and the smallest failing case that fast-check found.
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
  // In ms; long enough for a slow machine.
  const limit = 60_000 + runs * 1500;
  const check = () => {
    const checked = fc.asyncProperty(...arbitraries, async (...drawn: Drawn) => predicate(...drawn));
    // Vitest's timer cannot fire while synchronous cases run, so fast-check checks the time, too.
    const limits = { interruptAfterTimeLimit: limit, markInterruptAsFailure: true };
    return fc.assert(checked, { seed, numRuns: runs, ...limits });
  };
  test(name, check, limit);
}

type Arbitraries<Drawn extends unknown[]> = { [K in keyof Drawn]: fc.Arbitrary<Drawn[K]> };

function wholeNumber(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw new RangeError(`${variable} must be a whole number from 0, got ${text}`);
  return Number(text);
}
