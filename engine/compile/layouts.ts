import type { Structure } from './structure.ts';

/** The sizes and starts of the poses that a layout fits. */
export interface LaidOut {
  readonly sizes: readonly number[];
  readonly starts: readonly number[];
}

/** Approximate limit of the bytes of a machine's layouts. */
const mostBytes = 2 ** 20;

/**
 * A cache of a machine's layouts. Poses of equal sizes share one, and in training the same poses come again at each
 * step. A layout's place in the cache is a hash of its sizes; another layout with the same place replaces it.
 */
export class Layouts<T extends LaidOut> {
  readonly #places: (T | undefined)[];

  /** For layouts of about so many numbers each. */
  constructor(numbers: number) {
    const fit = Math.log2(mostBytes / (8 * Math.max(1, numbers)));
    this.#places = new Array(2 ** Math.max(2, Math.min(8, Math.floor(fit))));
  }

  /** The layout for the sizes and starts of a pose, made if it is not there. */
  get({ sizes, starts }: Structure, make: () => T): T {
    const place = (hashOf(sizes, hashOf(starts, 0)) >>> 16) & (this.#places.length - 1);
    const kept = this.#places[place];
    if (kept && isSame(kept.sizes, sizes) && isSame(kept.starts, starts)) return kept;
    const made = make();
    this.#places[place] = made;
    return made;
  }
}

/** Knuth's multiplicative hash: its upper bits differ for similar lengths. */
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
