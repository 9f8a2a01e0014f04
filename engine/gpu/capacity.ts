import type { Value } from '../tape.ts';

/** Sizes up to here have a capacity of their own: they are axes more often than lists. */
const exactUpTo = 8;
/** The least room for a list: less would save nothing and compile more. */
const least = 128;

/**
 * The room that arrays have for each size. A size of a parameter gets just as much, since parameters are the same for
 * every pose; others get 128, 256, 512, … A pipeline then serves every pose whose sizes fall into the same buckets. The
 * buckets depend on the pose alone, not on what ran before it.
 */
export function capacitiesOf(live: readonly Value[], sizes: readonly number[]): number[] {
  const fixed = new Set(live.flatMap(({ form, shape }) => (form.kind === 'parameter' ? shape : [])));
  return sizes.map(size =>
    size <= exactUpTo || fixed.has(size) ? size : Math.max(least, 2 ** Math.ceil(Math.log2(size))),
  );
}
