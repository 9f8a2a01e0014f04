import { KnownOp } from '../known-op.ts';
import type { Value } from '../tape.ts';
import type { Structure } from './structure.ts';

/*
 * A forward tape is a tape without its adjoints. If all its ops are known ops, its structure, with the starts, determines
 * the structure of the tape with adjoints. So a later forward tape of the same structure can run without recording adjoints.
 */

/** The structure of a tape with its adjoints, in terms of the forward tape. */
export interface Adjoints {
  /** The key of the tape with its adjoints. */
  readonly key: string;
  /** For each {@link Size} of the tape with its adjoints, the number that the same length has on the forward tape. */
  readonly sizes: readonly number[];
  /** The starts of the tape with its adjoints. */
  readonly starts: readonly number[];
  /** The starts of the forward tape. */
  readonly forwardStarts: readonly number[];
  /** For each live value of the tape with its adjoints, its live index on the forward tape; −1 for an adjoint. */
  readonly forwardIndices: Int32Array;
}

/** True if all ops are known ops, whose adjoints follow from the structure: see {@link KnownOp}. */
export function haveKnownRules(live: readonly Value[]): boolean {
  return live.every(({ op, inputs }) => inputs.length === 0 || KnownOp.numberOf(op) > 0);
}

/**
 * The adjoints of a tape. `forward` and `forwardStructure` belong to the forward tape, `live` and `structure` to the tape
 * with its adjoints. Undefined if the adjoints add data, or lengths that the forward tape does not have.
 */
export function adjointsOf(
  forward: readonly Value[],
  forwardStructure: Structure,
  live: readonly Value[],
  structure: Structure,
): Adjoints | undefined {
  const indexOf = new Map(forward.map(({ id }, index) => [id, index]));
  const forwardIndices = Int32Array.from(live, ({ id }) => indexOf.get(id) ?? -1);
  const addData = live.some(
    ({ form }, index) =>
      forwardIndices[index] === -1 && (form.kind === 'constant' || form.kind === 'parameter'),
  );
  const sizes = structure.sizes.map(length => forwardStructure.sizes.indexOf(length));
  if (addData || sizes.includes(-1)) return undefined;
  return {
    key: structure.key,
    sizes,
    starts: structure.starts,
    forwardStarts: forwardStructure.starts,
    forwardIndices,
  };
}

/** The structure that a forward tape has with its adjoints. */
export function structureWith({ key, sizes, starts }: Adjoints, forward: Structure): Structure {
  return {
    key,
    precision: forward.precision,
    sizes: sizes.map(size => forward.sizes[size] as number),
    starts,
  };
}

/** The most {@link Adjoints} that an executor keeps. If there are more, all are dropped, and made again when needed. */
const mostAdjoints = 256;

/** A cache of adjoints by the structure of the forward tape. */
export class KnownAdjoints {
  readonly #byKey = new Map<string, Adjoints[]>();
  #count = 0;

  /** The adjoints of a forward tape; undefined if there are none for its key and starts. */
  get({ key, starts }: Structure): Adjoints | undefined {
    return this.#byKey
      .get(key)
      ?.find(({ forwardStarts }) => forwardStarts.every((start, i) => start === starts[i]));
  }

  add({ key }: Structure, adjoints: Adjoints): void {
    if (this.#count++ >= mostAdjoints) {
      this.#byKey.clear();
      this.#count = 1;
    }
    this.#byKey.set(key, [adjoints, ...(this.#byKey.get(key) ?? [])]);
  }
}
