import type { Size } from './structure.ts';

/** What a layout needs to know of a plan: when each buffer is written and read, and its shape. */
export interface Schedule {
  readonly steps: readonly { readonly reads: readonly number[]; readonly writes: readonly number[] }[];
  readonly buffers: readonly Placed[];
  readonly wanted: readonly number[];
}

interface Placed {
  readonly id: number;
  readonly shape: readonly Size[];
}

/** Where each buffer of a plan lies in the arena for one pose, in entries. */
export interface Layout {
  readonly offsets: Int32Array;
  /** How long the arena must be. */
  readonly length: number;
}

/**
 * Lays the buffers of a plan out for the sizes of one pose. A buffer takes the smallest gap it fits into when the first
 * step writes it, and gives its place back after the last step that reads it; wanted ones stay to the end.
 */
export function layoutOf(plan: Schedule, sizes: readonly number[]): Layout {
  const offsets = new Int32Array(plan.buffers.length);
  const gaps = new Gaps();
  for (const { begins, ends } of lifetimesOf(plan)) {
    for (const buffer of begins) offsets[buffer.id] = gaps.take(lengthOf(buffer.shape, sizes));
    for (const buffer of ends) gaps.give(offsets[buffer.id] as number, lengthOf(buffer.shape, sizes));
  }
  return { offsets, length: gaps.length };
}

/** How many entries a shape in sizes has. */
export function lengthOf(shape: readonly Size[], sizes: readonly number[]): number {
  let length = 1;
  for (const size of shape) length *= sizes[size] as number;
  return length;
}

interface Lifetime {
  readonly begins: readonly Placed[];
  readonly ends: readonly Placed[];
}

const known = new WeakMap<Schedule, readonly Lifetime[]>();

/** For each step the buffers that it writes first, and those that nothing reads after it. Part of the plan. */
function lifetimesOf(plan: Schedule): readonly Lifetime[] {
  let lifetimes = known.get(plan);
  if (!lifetimes) {
    const last = new Map<number, number>();
    for (const [at, step] of plan.steps.entries()) {
      for (const buffer of [...step.reads, ...step.writes]) last.set(buffer, at);
    }
    for (const buffer of plan.wanted) last.delete(buffer);
    const begun = new Set<number>();
    lifetimes = plan.steps.map((step, at) => {
      const begins = step.writes.filter(buffer => !begun.has(buffer));
      for (const buffer of begins) begun.add(buffer);
      const ends = [...last].flatMap(([buffer, step]) => (step === at ? [buffer] : []));
      const buffers = (ids: readonly number[]) => ids.map(id => plan.buffers[id] as Placed);
      return { begins: buffers(begins), ends: buffers(ends) };
    });
    known.set(plan, lifetimes);
  }
  return lifetimes;
}

/** The free stretches below the top of what was ever taken, in order of place. */
class Gaps {
  /** The top: how much was ever needed. */
  length = 0;
  readonly #gaps: { at: number; length: number }[] = [];

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
    // None fits: at the top, beginning in the last gap if that reaches it.
    const last = this.#gaps.at(-1);
    const reaches = last !== undefined && last.at + last.length === this.length;
    const at = reaches ? last.at : this.length;
    if (reaches) this.#gaps.pop();
    this.length = at + length;
    return at;
  }

  give(at: number, length: number): void {
    if (length === 0) return;
    let i = this.#gaps.findIndex(gap => gap.at > at);
    if (i < 0) i = this.#gaps.length;
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
