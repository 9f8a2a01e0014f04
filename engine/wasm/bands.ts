import {
  type Expr,
  type LoopStep,
  type MatmulStep,
  type Plan,
  type PlanBuffer,
  type Sink,
  type Step,
  walkExprs,
} from '../compile/ir.ts';
import { one, type Size, sameWithoutOnes } from '../compile/sizes.ts';

/*
 * Steps with the same outermost axis run together, a band of rows at a time. The rows that one step writes are still in
 * the cache for the next, and a buffer that only these steps use holds no more than a band. A matrix product joins with
 * the rows of its left operand, or, if that is transposed, with the rows that it sums over.
 */

/** A step of a pass, and the way it is split into bands. */
export type BandedStep =
  | { readonly kind: 'loop'; readonly step: LoopStep }
  /** The rows of C = A·B, or of A·Bᵀ. */
  | { readonly kind: 'rows'; readonly step: MatmulStep }
  /** The terms of C = Aᵀ·B. */
  | { readonly kind: 'terms'; readonly step: MatmulStep }
  /** A product that is not split. */
  | { readonly kind: 'whole'; readonly step: MatmulStep };

/** Steps that run band by band over one axis, or a single step that is not split. */
export interface Pass {
  readonly parts: readonly BandedStep[];
  readonly axis: Size | undefined;
  /** Buffers that hold one band at a time. */
  readonly local: ReadonlySet<number>;
}

/** A step to place in a pass. */
interface Candidate {
  readonly place: number;
  readonly part: BandedStep;
  readonly axis: Size | undefined;
  /** Buffers read only at the iteration's own row, and buffers written there, each row completely. */
  readonly ownReads: ReadonlySet<number>;
  readonly ownWrites: ReadonlySet<number>;
}

/** Groups the steps of a plan into passes, in an order that respects their dependencies. */
export function passesOf(plan: Plan): Pass[] {
  const queue = new Queue(plan);
  const passes: Pass[] = [];
  for (let members = queue.next(); members.length > 0; members = queue.next()) {
    queue.finish(members);
    passes.push({
      parts: members.map(({ part }) => part),
      axis: members[0]?.axis,
      local: queue.localTo(members),
    });
  }
  return passes;
}

/** Most steps to look ahead when deciding whether to postpone a pass. */
const farthest = 256;

/** The steps not yet placed in a pass, and their dependencies. */
class Queue {
  readonly #candidates: readonly Candidate[];
  /** By step: the steps that must run before it, or in the same pass before it; and the steps that depend on it. */
  readonly #needs: readonly (readonly number[])[];
  readonly #followers: readonly number[][];
  readonly #readers = new Map<number, Candidate[]>();
  readonly #wanted: ReadonlySet<number>;
  /** By step: number of dependencies not finished. */
  readonly #waiting: number[];
  /** The steps whose dependencies are all finished. */
  readonly #ready = new Set<number>();
  /** Ends of sections still to come: see {@link Plan.sections}. */
  readonly #ends: number[];
  /** The end of the current section. */
  #end = 0;

  constructor(plan: Plan) {
    this.#ends = [...(plan.sections ?? []), plan.steps.length];
    this.#candidates = plan.steps.map((step, place) => candidateOf(plan, step, place));
    this.#wanted = new Set(plan.wanted);
    this.#needs = needsOf(plan);
    this.#followers = plan.steps.map(() => []);
    for (const [place, needs] of this.#needs.entries())
      for (const need of needs) this.#followers[need]?.push(place);
    for (const candidate of this.#candidates) {
      for (const buffer of candidate.part.step.reads) {
        const known = this.#readers.get(buffer);
        if (known) known.push(candidate);
        else this.#readers.set(buffer, [candidate]);
      }
    }
    this.#waiting = this.#needs.map(needs => needs.length);
  }

  /** Opens the next section that has a step, once the current one is finished. */
  #open(): void {
    while (this.#ready.size === 0 && this.#ends.length > 0) {
      const begin = this.#end;
      this.#end = this.#ends.shift() as number;
      for (let place = begin; place < this.#end; place++)
        if (this.#waiting[place] === 0) this.#ready.add(place);
    }
  }

  /** True for a step with `waiting` unfinished dependencies if that is 0 and the step's section has begun. */
  #isReady(place: number, waiting: number): boolean {
    return waiting === 0 && place < this.#end;
  }

  /**
   * The steps to run next. A pass that could take in more steps if others ran first is postponed: if edges wait for
   * atoms, the atoms' steps run first.
   */
  next(): Candidate[] {
    this.#open();
    const ready = [...this.#ready].sort((a, b) => a - b).map(place => this.#candidate(place));
    const single = ready.find(({ axis }) => axis === undefined);
    if (single) return [single];
    const axes = [...new Set(ready.map(({ axis }) => axis as Size))];
    const now = axes.map(axis => this.#joined(axis, this.#ready, new Map()));
    if (axes.length < 2) return now[0] ?? [];
    const best = axes.findIndex((axis, i) => {
      const { ready, waiting } = this.#without(axis);
      return this.#joined(axis, ready, waiting).length <= (now[i] as Candidate[]).length;
    });
    return now[Math.max(best, 0)] as Candidate[];
  }

  /** Marks steps as finished. */
  finish(members: readonly Candidate[]): void {
    for (const { place } of members) this.#ready.delete(place);
    const over = new Set(members.map(({ place }) => place));
    for (const { place } of members) {
      for (const follower of this.#followers[place] as number[]) {
        const waiting = --(this.#waiting[follower] as number);
        if (this.#isReady(follower, waiting) && !over.has(follower)) this.#ready.add(follower);
      }
    }
  }

  /** The buffers that only these steps use, and only a band at a time. */
  localTo(members: readonly Candidate[]): Set<number> {
    const isLocal = (buffer: number) =>
      !this.#wanted.has(buffer) &&
      (this.#readers.get(buffer) ?? []).every(each => members.includes(each) && each.ownReads.has(buffer));
    return new Set(members.flatMap(({ ownWrites }) => [...ownWrites].filter(isLocal)));
  }

  #candidate(place: number): Candidate {
    return this.#candidates[place] as Candidate;
  }

  /** The steps over an axis that can run together, given the ready steps and the counts of unfinished dependencies. */
  #joined(axis: Size, ready: ReadonlySet<number>, waiting: ReadonlyMap<number, number>): Candidate[] {
    const members = new Set<number>();
    const left = new Map(waiting);
    const next = new MinHeap([...ready].filter(place => this.#candidate(place).axis === axis));
    for (let place = next.pop(); place !== undefined; place = next.pop()) {
      const before = (this.#needs[place] as readonly number[]).filter(need => members.has(need));
      const each = this.#candidate(place);
      if (!before.every(need => isInStep(this.#candidate(need), each))) continue;
      members.add(place);
      for (const follower of this.#followers[place] as number[]) {
        const count = (left.get(follower) ?? (this.#waiting[follower] as number)) - 1;
        left.set(follower, count);
        if (this.#isReady(follower, count) && this.#candidate(follower).axis === axis) next.push(follower);
      }
    }
    return [...members].sort((a, b) => a - b).map(place => this.#candidate(place));
  }

  /** Ready steps and dependency counts after running everything that does not need the steps of an axis. */
  #without(axis: Size): { ready: Set<number>; waiting: Map<number, number> } {
    const [ready, waiting] = [new Set<number>(), new Map<number, number>()];
    const stack = [...this.#ready];
    let steps = 0;
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (this.#candidate(place).axis === axis || ++steps > farthest) {
        ready.add(place);
        continue;
      }
      for (const follower of this.#followers[place] as number[]) {
        const count = (waiting.get(follower) ?? (this.#waiting[follower] as number)) - 1;
        waiting.set(follower, count);
        if (this.#isReady(follower, count)) stack.push(follower);
      }
    }
    return { ready, waiting };
  }
}

/** A heap of whole numbers that returns the smallest first. */
class MinHeap {
  readonly #numbers: number[];

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers.toSorted((a, b) => b - a);
  }

  push(number: number): void {
    // A new number is usually the largest: search from the largest, at the start of the list.
    let [low, high] = [0, this.#numbers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] as number) > number) low = middle + 1;
      else high = middle;
    }
    this.#numbers.splice(low, 0, number);
  }

  pop(): number | undefined {
    return this.#numbers.pop();
  }
}

/** True if a later step reads only the rows of its band from the buffers that an earlier one writes. */
function isInStep(before: Candidate, after: Candidate): boolean {
  const { reads } = after.part.step;
  return before.part.step.writes.every(
    buffer => !reads.includes(buffer) || (before.ownWrites.has(buffer) && after.ownReads.has(buffer)),
  );
}

/** Dependencies of each step: every earlier writer of a buffer it reads, and the last writer of one it writes. */
function needsOf({ steps }: Plan): number[][] {
  const writers = new Map<number, number[]>();
  return steps.map(({ reads, writes }, place) => {
    const needs = new Set<number>();
    for (const buffer of reads) for (const writer of writers.get(buffer) ?? []) needs.add(writer);
    for (const buffer of writes) {
      const before = writers.get(buffer);
      const last = before?.at(-1);
      if (last !== undefined) needs.add(last);
      if (before) before.push(place);
      else writers.set(buffer, [place]);
    }
    return [...needs];
  });
}

function candidateOf(plan: Plan, step: Step, place: number): Candidate {
  return { place, ...(step.kind === 'loop' ? ofLoop(plan, step) : ofMatmul(step)) };
}

type Own = Omit<Candidate, 'place'>;

function ofMatmul(step: MatmulStep): Own {
  const { a, b, m, k, transposeA, transposeB, batch, writes } = step;
  const buffers = (...operands: (typeof a)[]) =>
    new Set(operands.flatMap(({ kind, number }) => (kind === 'buffer' ? [number] : [])));
  const isSingle = batch.every(size => size === one);
  if (isSingle && !transposeA && m !== one) {
    // A buffer that is also the right operand is needed as a whole.
    const ownReads = new Set([...buffers(a)].filter(buffer => !buffers(b).has(buffer)));
    return { part: { kind: 'rows', step }, axis: m, ownReads, ownWrites: new Set(writes) };
  }
  if (isSingle && transposeA && !transposeB && k !== one) {
    return { part: { kind: 'terms', step }, axis: k, ownReads: buffers(a, b), ownWrites: new Set() };
  }
  return { part: { kind: 'whole', step }, axis: undefined, ownReads: new Set(), ownWrites: new Set() };
}

function ofLoop({ buffers }: Plan, step: LoopStep): Own {
  const part = { kind: 'loop', step } as const;
  const loops = step.body.filter(({ kind }) => kind === 'loop');
  const [loop] = loops;
  if (loops.length !== 1 || loop?.kind !== 'loop')
    return { part, axis: undefined, ownReads: new Set(), ownWrites: new Set() };
  const axis = loop.path[0] as Size;
  const shapeOf = (buffer: number) => (buffers[buffer] as PlanBuffer).shape;
  const ownReads = new Set(step.reads);
  walkExprs(
    step.sinks.map(({ value }) => value),
    expr => {
      if (expr.kind !== 'entry' || expr.of.kind !== 'buffer') return;
      const isOwn =
        sameWithoutOnes(expr.shape, shapeOf(expr.of.number)) && isOwnRow(expr.shape, expr.args, axis);
      if (!isOwn) ownReads.delete(expr.of.number);
    },
  );
  const ownWrites = step.sinks
    .filter(({ kind, buffer, at }) => kind === 'store' && isOwnRow(shapeOf(buffer), at, axis))
    .map(({ buffer }) => buffer);
  return { part, axis, ownReads, ownWrites: new Set(ownWrites) };
}

/** True if an index stays in the outermost loop's current row: the row by that loop, the rest by inner loops. */
function isOwnRow(shape: readonly Size[], index: readonly Expr[], axis: Size): boolean {
  const first = shape.findIndex(size => size !== one);
  return (
    shape[first] === axis &&
    index.every((each, at) => {
      if (shape[at] === one) return true;
      return each.kind === 'index' && (each.path.length === 1) === (at === first);
    })
  );
}

/** Buffers that loops reduce into, by kind of reduction. */
export interface Folds {
  /** Buffers that a loop adds to. */
  readonly sums: ReadonlySet<number>;
  /** Single numbers: sums over a whole loop nest, and maxima. */
  readonly whole: ReadonlySet<number>;
  readonly maxima: ReadonlySet<number>;
}

export function foldsOf({ steps }: Plan): Folds {
  const sinks = steps.flatMap(step => (step.kind === 'loop' ? step.sinks : []));
  const where = (holds: (sink: Sink) => boolean) => new Set(sinks.filter(holds).map(({ buffer }) => buffer));
  return {
    sums: where(({ kind }) => kind === 'fold-sum' || kind === 'add'),
    whole: where(({ kind }) => kind === 'fold-sum'),
    maxima: where(({ kind }) => kind === 'fold-largest'),
  };
}
