import { KnownOp } from '../known-op.ts';
import type { Value } from '../tape.ts';
import type { Structure } from './structure.ts';

/** The structure that a tape has with its adjoints: enough to run a later one like it without recording them. */
export interface Adjoints {
  /** The key of the tape with its adjoints. */
  readonly key: string;
  /** For each of its sizes, which size of the tape without them is the same. */
  readonly sizes: readonly number[];
  /** Starts with the adjoints, and those without which they go with. */
  readonly starts: readonly number[];
  readonly startsBefore: readonly number[];
  /** For each value with the adjoints, its place among those without; −1 for an adjoint. */
  readonly places: Int32Array;
}

/** True if the adjoints follow from the structure: see {@link KnownOp}. */
export function haveKnownRules(live: readonly Value[]): boolean {
  return live.every(({ op, inputs }) => inputs.length === 0 || KnownOp.numberOf(op) > 0);
}

/**
 * Reads what the adjoints came to, off the live values without them and with them. Nothing where they bring data or a length
 * of their own.
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

/** Most known adjoints of an executor; then all are forgotten, and recorded once more where they are met. */
const most = 256;

/** Adjoints by the structure of the tape without them. */
export class KnownAdjoints {
  readonly #known = new Map<string, Adjoints[]>();
  #count = 0;

  /** The adjoints of a structure, if they were met with slices that begin at the same places: adjoints begin there, too. */
  get({ key, starts }: Structure): Adjoints | undefined {
    return this.#known
      .get(key)
      ?.find(({ startsBefore }) => startsBefore.every((start, i) => start === starts[i]));
  }

  add({ key }: Structure, adjoints: Adjoints): void {
    if (this.#count++ >= most) {
      this.#known.clear();
      this.#count = 1;
    }
    this.#known.set(key, [adjoints, ...(this.#known.get(key) ?? [])]);
  }
}
