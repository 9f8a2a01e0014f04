import type { Structure } from './structure.ts';

/** The sizes and starts that a layout was made for. */
export interface LayoutKey {
  readonly sizes: readonly number[];
  readonly starts: readonly number[];
}

/** Approximate limit of the bytes of a machine's layouts. */
const mostBytes = 2 ** 20;

/**
 * A cache of a machine's layouts. Poses of equal sizes share one, and training repeats the same poses at each step. The
 * sizes and starts of a layout are hashed to a slot; a layout with another key replaces the one in its slot.
 */
export class Layouts<T extends LayoutKey> {
  readonly #slots: (T | undefined)[];

  /** @param numbers the approximate size of a layout, in numbers of 8 bytes */
  constructor(numbers: number) {
    // The number of slots is a power of 2, from 4 to 256.
    const exponent = Math.log2(mostBytes / (8 * Math.max(1, numbers)));
    this.#slots = new Array(2 ** Math.max(2, Math.min(8, Math.floor(exponent))));
  }

  /** The layout for the sizes and starts of a pose, from the cache or from `make`. */
  get({ sizes, starts }: Structure, make: () => T): T {
    // The upper half of the hash varies more.
    const slot = (hashOf(sizes, hashOf(starts, 0)) >>> 16) & (this.#slots.length - 1);
    const cached = this.#slots[slot];
    if (cached && isSame(cached.sizes, sizes) && isSame(cached.starts, starts)) return cached;
    const layout = make();
    this.#slots[slot] = layout;
    return layout;
  }
}

/**
 * Knuth's multiplicative hash. The factor is a prime near 2³²/φ, where φ is the golden ratio. Similar lengths give
 * hashes that differ in the upper bits.
 */
function hashOf(numbers: readonly number[], seed: number): number {
  let hash = seed;
  for (let i = 0; i < numbers.length; i++) hash = Math.imul(hash ^ (numbers[i] as number), 0x9e3779b1);
  return hash;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
