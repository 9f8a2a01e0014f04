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
 * the cache for the next, and a buffer that only these steps use holds no more than a band. A matrix product is split by
 * the rows of its left operand. If this operand is transposed, they are the rows that the product sums over.
 */

/** A step of a pass, and the way it is split into bands. */
export type BandedStep =
  | { readonly kind: 'loop'; readonly step: LoopStep }
  /** A product C = A·B or C = A·Bᵀ, split by the rows of C. */
  | { readonly kind: 'rows'; readonly step: MatmulStep }
  /** A product C = Aᵀ·B, split by the terms that are summed. */
  | { readonly kind: 'terms'; readonly step: MatmulStep }
  /** A product that is not split. */
  | { readonly kind: 'whole'; readonly step: MatmulStep };

/** Steps that run band by band over one axis, or a single step that is not split. */
export interface Pass {
  readonly parts: readonly BandedStep[];
  /** The size of the axis that is split into bands; undefined for a single step that is not split. */
  readonly axis: Size | undefined;
  /** Buffers that hold one band at a time. */
  readonly local: ReadonlySet<number>;
}

/** A step that may join a pass. */
interface Candidate {
  /** The index of the step in the plan. */
  readonly index: number;
  readonly part: BandedStep;
  readonly axis: Size | undefined;
  /** Buffers of which an iteration reads only its own row. */
  readonly ownReads: ReadonlySet<number>;
  /** Buffers of which an iteration writes its own row, completely. */
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

/** The largest number of steps to look ahead when deciding whether to postpone a pass. */
const mostAhead = 256;

/** The steps that are in no pass yet, and their dependencies. */
class Queue {
  readonly #candidates: readonly Candidate[];
  /** For each step, the steps that must run before it, in an earlier pass or in the same one. */
  readonly #needs: readonly (readonly number[])[];
  /** For each step, the steps that depend on it. */
  readonly #followers: readonly number[][];
  /** For each buffer, the steps that read it. */
  readonly #readers = new Map<number, Candidate[]>();
  /** The buffers of the wanted values. */
  readonly #wanted: ReadonlySet<number>;
  /** For each step, the number of its unfinished dependencies. */
  readonly #waiting: number[];
  /** The steps whose dependencies are all finished. */
  readonly #ready = new Set<number>();
  /** Ends of sections still to come: see {@link Plan.sections}. */
  readonly #ends: number[];
  /** The end of the current section. */
  #end = 0;

  constructor(plan: Plan) {
    this.#ends = [...(plan.sections ?? []), plan.steps.length];
    this.#candidates = plan.steps.map((step, index) => candidateOf(plan, step, index));
    this.#wanted = new Set(plan.wanted);
    this.#needs = needsOf(plan);
    this.#followers = plan.steps.map(() => []);
    for (const [index, needs] of this.#needs.entries())
      for (const need of needs) this.#followers[need]?.push(index);
    for (const candidate of this.#candidates) {
      for (const buffer of candidate.part.step.reads) {
        const readers = this.#readers.get(buffer);
        if (readers) readers.push(candidate);
        else this.#readers.set(buffer, [candidate]);
      }
    }
    this.#waiting = this.#needs.map(needs => needs.length);
  }

  /** Opens the next section that has steps, once the current one is finished. */
  #open(): void {
    while (this.#ready.size === 0 && this.#ends.length > 0) {
      const begin = this.#end;
      this.#end = this.#ends.shift() as number;
      for (let index = begin; index < this.#end; index++)
        if (this.#waiting[index] === 0) this.#ready.add(index);
    }
  }

  /**
   * True if a step with `waiting` unfinished dependencies can run: `waiting` is 0, and the step's section has begun.
   */
  #isReady(index: number, waiting: number): boolean {
    return waiting === 0 && index < this.#end;
  }

  /**
   * Returns the steps to run next, or no steps at the end. A pass that would have more steps if other steps ran
   * first is postponed. For example, if steps over edges wait for steps over atoms, the steps over atoms run first.
   */
  next(): Candidate[] {
    this.#open();
    const ready = [...this.#ready].sort((a, b) => a - b).map(index => this.#candidate(index));
    const single = ready.find(({ axis }) => axis === undefined);
    if (single) return [single];
    const axes = [...new Set(ready.map(({ axis }) => axis as Size))];
    const now = axes.map(axis => this.#joined(axis, this.#ready, new Map()));
    if (axes.length < 2) return now[0] ?? [];
    const chosen = axes.findIndex((axis, i) => {
      const { ready, waiting } = this.#without(axis);
      return this.#joined(axis, ready, waiting).length <= (now[i] as Candidate[]).length;
    });
    return now[Math.max(chosen, 0)] as Candidate[];
  }

  /** Marks steps as finished. */
  finish(members: readonly Candidate[]): void {
    for (const { index } of members) this.#ready.delete(index);
    const finished = new Set(members.map(({ index }) => index));
    for (const { index } of members) {
      for (const follower of this.#followers[index] as number[]) {
        const waiting = --(this.#waiting[follower] as number);
        if (this.#isReady(follower, waiting) && !finished.has(follower)) this.#ready.add(follower);
      }
    }
  }

  /** The buffers that only these steps use, and only a band at a time. */
  localTo(members: readonly Candidate[]): Set<number> {
    const isLocal = (buffer: number) =>
      !this.#wanted.has(buffer) &&
      (this.#readers.get(buffer) ?? []).every(
        reader => members.includes(reader) && reader.ownReads.has(buffer),
      );
    return new Set(members.flatMap(({ ownWrites }) => [...ownWrites].filter(isLocal)));
  }

  #candidate(index: number): Candidate {
    return this.#candidates[index] as Candidate;
  }

  /** The steps over an axis that can run together, given the ready steps and the counts of unfinished dependencies. */
  #joined(axis: Size, ready: ReadonlySet<number>, waiting: ReadonlyMap<number, number>): Candidate[] {
    const members = new Set<number>();
    const left = new Map(waiting);
    const next = new AscendingQueue([...ready].filter(index => this.#candidate(index).axis === axis));
    for (let index = next.pop(); index !== undefined; index = next.pop()) {
      const needed = (this.#needs[index] as readonly number[]).filter(need => members.has(need));
      const candidate = this.#candidate(index);
      if (!needed.every(need => canShareBands(this.#candidate(need), candidate))) continue;
      members.add(index);
      for (const follower of this.#followers[index] as number[]) {
        const count = (left.get(follower) ?? (this.#waiting[follower] as number)) - 1;
        left.set(follower, count);
        if (this.#isReady(follower, count) && this.#candidate(follower).axis === axis) next.push(follower);
      }
    }
    return [...members].sort((a, b) => a - b).map(index => this.#candidate(index));
  }

  /** Ready steps and dependency counts after running everything that does not need the steps of an axis. */
  #without(axis: Size): { ready: Set<number>; waiting: Map<number, number> } {
    const [ready, waiting] = [new Set<number>(), new Map<number, number>()];
    const stack = [...this.#ready];
    let steps = 0;
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (this.#candidate(index).axis === axis || ++steps > mostAhead) {
        ready.add(index);
        continue;
      }
      for (const follower of this.#followers[index] as number[]) {
        const count = (waiting.get(follower) ?? (this.#waiting[follower] as number)) - 1;
        waiting.set(follower, count);
        if (this.#isReady(follower, count)) stack.push(follower);
      }
    }
    return { ready, waiting };
  }
}

/** A queue of whole numbers that returns the smallest first. */
class AscendingQueue {
  readonly #numbers: number[];

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers.toSorted((a, b) => b - a);
  }

  push(number: number): void {
    // The list is in descending order.
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

/** True if step `after` reads only the rows of its band from the buffers that step `before` writes. */
function canShareBands(before: Candidate, after: Candidate): boolean {
  const { reads } = after.part.step;
  return before.part.step.writes.every(
    buffer => !reads.includes(buffer) || (before.ownWrites.has(buffer) && after.ownReads.has(buffer)),
  );
}

/** Dependencies of each step: all earlier writers of the buffers it reads, and the last writers of those it writes. */
function needsOf({ steps }: Plan): number[][] {
  const writers = new Map<number, number[]>();
  return steps.map(({ reads, writes }, index) => {
    const needs = new Set<number>();
    for (const buffer of reads) for (const writer of writers.get(buffer) ?? []) needs.add(writer);
    for (const buffer of writes) {
      const earlier = writers.get(buffer);
      const last = earlier?.at(-1);
      if (last !== undefined) needs.add(last);
      if (earlier) earlier.push(index);
      else writers.set(buffer, [index]);
    }
    return [...needs];
  });
}

/** Returns a step, and the way it can be split into bands. */
function candidateOf(plan: Plan, step: Step, index: number): Candidate {
  return { index, ...(step.kind === 'loop' ? splitOfLoop(plan, step) : splitOfMatmul(step)) };
}

/** The way a step can be split into bands. */
type Split = Omit<Candidate, 'index'>;

/** The split of a matrix product: by rows, by terms, or none. */
function splitOfMatmul(step: MatmulStep): Split {
  const { a, b, m, k, transposeA, transposeB, batch, writes } = step;
  const buffers = (...operands: (typeof a)[]) =>
    new Set(operands.flatMap(({ kind, number }) => (kind === 'buffer' ? [number] : [])));
  const isSingle = batch.every(size => size === one);
  if (isSingle && !transposeA && m !== one) {
    // If the left operand is also the right operand, the step reads all of its rows.
    const ownReads = new Set([...buffers(a)].filter(buffer => !buffers(b).has(buffer)));
    return { part: { kind: 'rows', step }, axis: m, ownReads, ownWrites: new Set(writes) };
  }
  if (isSingle && transposeA && !transposeB && k !== one) {
    return { part: { kind: 'terms', step }, axis: k, ownReads: buffers(a, b), ownWrites: new Set() };
  }
  return { part: { kind: 'whole', step }, axis: undefined, ownReads: new Set(), ownWrites: new Set() };
}

/** The split of a loop step by its outermost loop; none if the step has no outermost loop or several. */
function splitOfLoop({ buffers }: Plan, step: LoopStep): Split {
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
      if (expr.kind !== 'entry' || expr.array.kind !== 'buffer') return;
      const isRow =
        sameWithoutOnes(expr.shape, shapeOf(expr.array.number)) && isOwnRow(expr.shape, expr.args, axis);
      if (!isRow) ownReads.delete(expr.array.number);
    },
  );
  const ownWrites = step.sinks
    .filter(({ kind, buffer, at }) => kind === 'store' && isOwnRow(shapeOf(buffer), at, axis))
    .map(({ buffer }) => buffer);
  return { part, axis, ownReads, ownWrites: new Set(ownWrites) };
}

/**
 * True if an index stays in the current row of the outermost loop, and varies along other axes with inner loops only.
 */
function isOwnRow(shape: readonly Size[], index: readonly Expr[], axis: Size): boolean {
  const first = shape.findIndex(size => size !== one);
  return (
    shape[first] === axis &&
    index.every((axisIndex, at) => {
      if (shape[at] === one) return true;
      return axisIndex.kind === 'index' && (axisIndex.path.length === 1) === (at === first);
    })
  );
}

/** Buffers that loops reduce into, by kind of reduction. */
export interface Folds {
  /** Buffers that a loop adds to, including those of {@link whole}. */
  readonly sums: ReadonlySet<number>;
  /** Buffers of a single number that is the sum over a whole loop nest. */
  readonly whole: ReadonlySet<number>;
  /** Buffers of a single number that is the maximum over a whole loop nest. */
  readonly maxima: ReadonlySet<number>;
}

/** The buffers that the loops of a plan reduce into. */
export function foldsOf({ steps }: Plan): Folds {
  const sinks = steps.flatMap(step => (step.kind === 'loop' ? step.sinks : []));
  const buffersOf = (isIncluded: (sink: Sink) => boolean) =>
    new Set(sinks.filter(isIncluded).map(({ buffer }) => buffer));
  return {
    sums: buffersOf(({ kind }) => kind === 'fold-sum' || kind === 'add'),
    whole: buffersOf(({ kind }) => kind === 'fold-sum'),
    maxima: buffersOf(({ kind }) => kind === 'fold-largest'),
  };
}
