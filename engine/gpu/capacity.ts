import type { Value } from '../tape.ts';

/** Sizes up to this one are not rounded up: they are usually components, not lengths of lists. */
const exactUpTo = 8;
/** The smallest capacity of a list; smaller ones would save nothing and compile more pipelines. */
const leastCapacity = 128;

/**
 * The capacity of arrays for each size. A size of a parameter is its own capacity, since parameters are the same for
 * every pose; others are rounded up to 128, 256, 512, … A pipeline then fits every pose whose sizes have the same
 * capacities. These depend on the pose alone, not on what ran before it.
 */
export function capacitiesOf(live: readonly Value[], sizes: readonly number[]): number[] {
  const fixed = new Set(live.flatMap(({ form, shape }) => (form.kind === 'parameter' ? shape : [])));
  return sizes.map(size =>
    size <= exactUpTo || fixed.has(size) ? size : Math.max(leastCapacity, 2 ** Math.ceil(Math.log2(size))),
  );
}
