/**
 * Global set-up of Vitest: takes the seed of all properties from POSETAPE_SEED, or from the time, and prints it.
 *
 * Workers inherit the environment, so all test files use the same seed.
 */
export default function setup(): void {
  process.env.POSETAPE_SEED ??= String(Date.now() % 2 ** 31);
  process.env.POSETAPE_RUNS ??= '30';
  const { POSETAPE_SEED: seed, POSETAPE_RUNS: runs } = process.env;
  console.log(`fast-check: POSETAPE_SEED=${seed} POSETAPE_RUNS=${runs}`);
}
