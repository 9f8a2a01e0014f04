import type { Value } from '../tape.ts';

/** Sizes up to this one are not rounded up, since they usually count components, such as x, y and z, not list items. */
const exactUpTo = 8;
/** The smallest capacity of a list. Smaller capacities would save nothing, and more pipelines would be compiled. */
const leastCapacity = 128;

/**
 * For each size, its capacity: the length for which arrays have room. Sizes are rounded up to 128, 256, 512 and so on, so
 * that a pipeline fits every pose whose sizes have the same capacities. Sizes up to {@link exactUpTo} are not rounded up,
 * nor are sizes in the shapes of parameters, since parameters are the same for every pose. The capacities depend on the
 * pose alone, not on the poses that ran before it.
 */
export function capacitiesOf(live: readonly Value[], sizes: readonly number[]): number[] {
  const fixed = new Set(live.flatMap(({ form, shape }) => (form.kind === 'parameter' ? shape : [])));
  return sizes.map(size =>
    size <= exactUpTo || fixed.has(size) ? size : Math.max(leastCapacity, 2 ** Math.ceil(Math.log2(size))),
  );
}
