import { type Executor, interpreter, jit, type Tensor, type Value } from 'posetape';
import { gpu } from 'posetape/gpu';
import { wasm } from 'posetape/wasm';
import { type Comparison, compare } from './compare.ts';
import { spreads } from './rounding.ts';

export type ContestantName = 'interpreter' | 'jit' | 'jit float32' | 'wasm' | 'gpu webasm' | 'gpu cpu';

/** Functions that make an executor of each kind. */
export const open: Readonly<Record<ContestantName, () => Executor | Promise<Executor>>> = {
  interpreter: () => interpreter(),
  jit: () => jit(),
  'jit float32': () => jit({ precision: 'float32' }),
  wasm: () => wasm(),
  'gpu webasm': () => gpu({ mode: 'webasm' }),
  'gpu cpu': () => gpu({ mode: 'cpu' }),
};

/**
 * Error that is always allowed, relative to an answer's largest entry: a few thousand roundings in float64, about a
 * dozen in float32. Ill-conditioned answers may have larger errors, which {@link spreads} measures.
 */
const tolerances = { float64: 1e-12, float32: 1e-6 };

/** Runs the wanted values and compares the results. An error that the executor throws counts as a difference. */
export async function judge(
  executor: Executor,
  wanted: readonly Value[],
  expected: readonly Tensor[],
): Promise<Comparison> {
  const { precision } = executor;
  let actual: Tensor[];
  try {
    actual = await executor.run(wanted);
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return {
      difference: { tensor: 0, entry: 0, actual: message, expected: 'numbers', allowed: 0 },
      excused: 0,
    };
  }
  return compare(actual, expected, {
    tolerance: tolerances[precision],
    spreads: () => spreads(wanted, precision),
  });
}
