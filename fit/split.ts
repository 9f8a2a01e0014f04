import { shuffled, uniform } from './random.ts';

/**
 * Compounds held out of training to measure the fit. A number is the share of compounds to hold out at random. With
 * `fraction` and `by`, about this share is held out in whole groups, such as targets. A function returns true for the
 * compounds to hold out. A list is a separate set of compounds.
 */
export type Validation<C> =
  | number
  | {
      /** The share of the compounds, between 0 and 1. */
      readonly fraction: number;
      /** Returns the key of a compound's group. Groups are not divided. */
      readonly by: (compound: C) => unknown;
    }
  | ((compound: C) => boolean)
  | readonly C[];

/** Compounds for training and validation. */
export interface Split<C> {
  /** Compounds to train on. */
  readonly training: readonly C[];
  /** Compounds to validate with. */
  readonly validation: readonly C[];
}

/**
 * Divides compounds for training and validation, each in the original order, as {@link fit} does with the same seed. Both
 * sides have at least one compound.
 *
 * @param seed a whole number from 0 to 2⁵³ − 1
 * @throws RangeError if one side would be empty, or for a share that is not between 0 and 1
 * @example
 * const { training, validation } = split(compounds, { fraction: 0.2, by: ({ target }) => target }, 1);
 */
export function split<C>(compounds: readonly C[], validation: Validation<C>, seed: number): Split<C> {
  const divided = divide(compounds, validation, seed);
  for (const side of ['training', 'validation'] as const)
    if (divided[side].length === 0) throw new RangeError(`fit: there are no compounds for ${side}`);
  return divided;
}

function divide<C>(compounds: readonly C[], validation: Validation<C>, seed: number): Split<C> {
  if (Array.isArray(validation)) return { training: compounds, validation };
  if (typeof validation === 'function') return partitioned(compounds, validation as (compound: C) => boolean);
  const share = typeof validation === 'number' ? { fraction: validation, by: undefined } : validation;
  const { fraction, by } = share as { fraction: number; by?: (compound: C) => unknown };
  if (!(fraction > 0 && fraction < 1))
    throw new RangeError(`fit: the share for validation must be between 0 and 1, got ${fraction}`);
  const byKey = new Map<unknown, C[]>();
  for (const [i, compound] of compounds.entries()) {
    const key = by ? by(compound) : i;
    byKey.set(key, [...(byKey.get(key) ?? []), compound]);
  }
  const wanted = Math.max(1, Math.round(fraction * compounds.length));
  const held = new Set<C>();
  // At least one group stays in training, even if the share is large. Stream −1 is used only here:
  // the epochs use streams from 1.
  for (const group of shuffled([...byKey.values()], uniform(seed, -1)).slice(1)) {
    if (held.size >= wanted) break;
    for (const compound of group) held.add(compound);
  }
  return partitioned(compounds, compound => held.has(compound));
}

function partitioned<C>(compounds: readonly C[], isHeld: (compound: C) => boolean): Split<C> {
  const held = compounds.map(compound => isHeld(compound));
  return {
    training: compounds.filter((_, i) => !held[i]),
    validation: compounds.filter((_, i) => held[i]),
  };
}
