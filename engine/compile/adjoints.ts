import { KnownOp } from '../known-op.ts';
import type { Value } from '../tape.ts';
import type { Structure } from './structure.ts';

/** The structure of a tape with its adjoints. A later tape of the same structure can run without recording them. */
export interface Adjoints {
  /** The key of the tape with its adjoints. */
  readonly key: string;
  /** For each of its sizes, the same size of the tape without adjoints. */
  readonly sizes: readonly number[];
  /** The starts of the tape with adjoints, and of the tape without. */
  readonly starts: readonly number[];
  readonly startsBefore: readonly number[];
  /** For each value of the tape with adjoints, its place on the tape without; −1 for an adjoint. */
  readonly places: Int32Array;
}

/** True if all ops are known ops, whose adjoints follow from the structure: see {@link KnownOp}. */
export function haveKnownRules(live: readonly Value[]): boolean {
  return live.every(({ op, inputs }) => inputs.length === 0 || KnownOp.numberOf(op) > 0);
}

/**
 * The adjoints of a tape, from its live values without and with them; undefined if the adjoints bring data, or lengths
 * that the tape without them does not have.
 */
export function adjointsOf(
  before: readonly Value[],
  structureBefore: Structure,
  live: readonly Value[],
  structure: Structure,
): Adjoints | undefined {
  const placeOf = new Map(before.map(({ id }, place) => [id, place]));
  const places = Int32Array.from(live, ({ id }) => placeOf.get(id) ?? -1);
  const bringsData = live.some(
    ({ form }, n) => places[n] === -1 && (form.kind === 'constant' || form.kind === 'parameter'),
  );
  const sizes = structure.sizes.map(length => structureBefore.sizes.indexOf(length));
  if (bringsData || sizes.includes(-1)) return undefined;
  return {
    key: structure.key,
    sizes,
    starts: structure.starts,
    startsBefore: structureBefore.starts,
    places,
  };
}

/** The structure with its adjoints of a tape recorded without them. */
export function structureWith({ key, sizes, starts }: Adjoints, before: Structure): Structure {
  return { key, precision: before.precision, sizes: sizes.map(size => before.sizes[size] as number), starts };
}

/** The most adjoints an executor keeps. Beyond that all are dropped, and recorded again when needed. */
const mostKnown = 256;

/** Adjoints by the structure of the tape without them. */
export class KnownAdjoints {
  readonly #known = new Map<string, Adjoints[]>();
  #count = 0;

  /**
   * The adjoints of a structure; undefined if none are known for slices with these starts, where adjoints start too.
   */
  get({ key, starts }: Structure): Adjoints | undefined {
    return this.#known
      .get(key)
      ?.find(({ startsBefore }) => startsBefore.every((start, i) => start === starts[i]));
  }

  add({ key }: Structure, adjoints: Adjoints): void {
    if (this.#count++ >= mostKnown) {
      this.#known.clear();
      this.#count = 1;
    }
    this.#known.set(key, [adjoints, ...(this.#known.get(key) ?? [])]);
  }
}
