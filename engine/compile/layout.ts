/** The buffers that each step reads and writes, and those that are needed at the end. */
export interface BufferUses {
  readonly steps: readonly { readonly reads: readonly number[]; readonly writes: readonly number[] }[];
  readonly wanted: readonly number[];
}

/** For each step, the buffers that it is the first to write, and those that it is the last to use, except wanted ones. */
export type Lifetimes = readonly { readonly begins: readonly number[]; readonly ends: readonly number[] }[];

/** The layout of the arena for one pose, in entries. */
export interface Layout {
  /** The offset of each buffer. */
  readonly offsets: readonly number[];
  /** The length of the arena. */
  readonly length: number;
}

/** The lifetimes of a plan's buffers: part of the plan, for all poses. */
export function lifetimesOf({ steps, wanted }: BufferUses): Lifetimes {
  const lastUse = new Map<number, number>();
  for (const [at, { reads, writes }] of steps.entries()) {
    for (const buffer of [...reads, ...writes]) lastUse.set(buffer, at);
  }
  for (const buffer of wanted) lastUse.delete(buffer);
  const ends = steps.map((): number[] => []);
  for (const [buffer, at] of lastUse) ends[at]?.push(buffer);
  const begun = new Set<number>();
  return steps.map(({ writes }, at) => {
    const begins = writes.filter(buffer => !begun.has(buffer));
    for (const buffer of begins) begun.add(buffer);
    return { begins, ends: ends[at] as number[] };
  });
}

/**
 * Assigns an offset in the arena to each buffer, given their lengths in entries. A buffer takes the smallest gap it
 * fits into at the first step that writes it, and frees it after the last step that uses it. Wanted buffers stay to
 * the end.
 */
export function layoutOf(lifetimes: Lifetimes, lengths: ArrayLike<number>): Layout {
  const offsets = new Array<number>(lengths.length).fill(0);
  const gaps = new Gaps();
  for (const { begins, ends } of lifetimes) {
    for (const buffer of begins) offsets[buffer] = gaps.take(lengths[buffer] as number);
    for (const buffer of ends) gaps.give(offsets[buffer] as number, lengths[buffer] as number);
  }
  return { offsets, length: gaps.length };
}

/** The gaps of the arena, in ascending order. */
class Gaps {
  /** The length of the arena so far. */
  length = 0;
  readonly #gaps: { at: number; length: number }[] = [];

  /** Takes `length` entries and returns their offset. */
  take(length: number): number {
    let best = -1;
    for (let i = 0; i < this.#gaps.length; i++) {
      const gap = this.#gaps[i] as { length: number };
      const isBest = best < 0 || gap.length < (this.#gaps[best] as { length: number }).length;
      if (gap.length >= length && isBest) best = i;
    }
    const gap = this.#gaps[best];
    if (gap) {
      const { at } = gap;
      gap.at += length;
      gap.length -= length;
      if (gap.length === 0) this.#gaps.splice(best, 1);
      return at;
    }
    // No gap fits: extend the arena, beginning in the last gap if it is at the end.
    const last = this.#gaps.at(-1);
    const reachesEnd = last !== undefined && last.at + last.length === this.length;
    const at = reachesEnd ? last.at : this.length;
    if (reachesEnd) this.#gaps.pop();
    this.length = at + length;
    return at;
  }

  /** Returns `length` entries from offset `at`. */
  give(at: number, length: number): void {
    if (length === 0) return;
    let i = this.#gaps.length;
    // Search from the end, since the memory taken last is usually returned first.
    while (i > 0 && (this.#gaps[i - 1] as { at: number }).at > at) i--;
    const before = this.#gaps[i - 1];
    const after = this.#gaps[i];
    const joinsAfter = after !== undefined && at + length === after.at;
    if (before && before.at + before.length === at) {
      before.length += length;
      if (joinsAfter) {
        before.length += after.length;
        this.#gaps.splice(i, 1);
      }
    } else if (joinsAfter) {
      after.at = at;
      after.length += length;
    } else {
      this.#gaps.splice(i, 0, { at, length });
    }
  }
}
