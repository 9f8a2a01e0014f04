/**
 * Vitest's global set-up: chooses the seed of all properties, or takes POSETAPE_SEED, and prints it.
 *
 * Every worker inherits the environment, so all test files draw from one seed.
 */
export default function setup(): void {
  process.env.POSETAPE_SEED ??= String(Date.now() % 2 ** 31);
  process.env.POSETAPE_RUNS ??= '30';
  const { POSETAPE_SEED: seed, POSETAPE_RUNS: runs } = process.env;
  console.log(`fast-check: POSETAPE_SEED=${seed} POSETAPE_RUNS=${runs}`);
}
