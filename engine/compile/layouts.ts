import type { Structure } from './structure.ts';

/** The sizes and starts that something is laid out for. */
export interface LaidOut {
  readonly sizes: readonly number[];
  readonly starts: readonly number[];
}

/** Bytes that the kept layouts of a machine may take, about. */
const most = 2 ** 20;

/**
 * The layouts of a machine. Poses of equal sizes share one, and poses come again, in training at each step: so each layout is
 * kept in a place that follows from its sizes, until another takes the place.
 */
export class Layouts<T extends LaidOut> {
  readonly #places: (T | undefined)[];

  /** For layouts of about so many numbers each. */
  constructor(numbers: number) {
    const fit = Math.log2(most / (8 * Math.max(1, numbers)));
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

/** Knuth's multiplicative hash: its upper bits tell close lengths apart. */
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
