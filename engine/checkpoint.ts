import { type Delay, delay } from './delay.ts';
import { cotangentOf, ruleOf } from './gradient.ts';
import { kindOf } from './kind-of.ts';
import { isValue, type Op, Tape, type Value, type Vjp, type VjpRule } from './tape.ts';

/**
 * A function that records the same values as `f`, but computes them again in the backward pass instead of keeping them
 * for it. Only the inputs of `f` are kept: its arguments, and any other values it reads. Values and gradients of any
 * order are the same as without a checkpoint; the cost is one more forward pass through the values. `f` itself is
 * called only once, since the backward pass copies the recorded values. So random numbers are drawn once, and side
 * effects happen once.
 *
 * If a chain of n layers is divided into √n checkpoints, its memory grows with √n instead of n (T. Chen et al.,
 * arXiv:1604.06174, 2016). Checkpoints may be nested. Like JAX's `checkpoint` (also `remat`), `checkpoint` returns a
 * function, whereas PyTorch's `torch.utils.checkpoint` calls `f` at once.
 *
 * `f` may take and return anything, such as values in lists or records. At least one argument must be a value or a
 * tape, or a list or record of them.
 *
 * @throws TypeError if `f` is not a function, no argument is on a tape, or `f` returns a promise; and whatever `f`
 * throws
 * @example
 * const block = checkpoint((h: Value, layers: readonly Value[]) =>
 *   layers.reduce((h, w) => tanh(matmul(h, w)), h), // [rows, width] to [rows, width]
 * );
 * for (const layers of blocks) h = block(h, layers);
 */
export function checkpoint<Arguments extends readonly unknown[], Result>(
  f: (...args: Arguments) => Result,
): (...args: Arguments) => Result {
  if (typeof f !== 'function') throw new TypeError(`checkpoint: takes a function, got ${kindOf(f)}`);
  return (...args) => {
    const tape = tapeIn(args);
    if (!tape) {
      throw new TypeError(
        'checkpoint: pass the function a value or the tape as an argument; variables of an enclosing scope do not count',
      );
    }
    const begin = tape.values.length;
    const result = f(...args);
    if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function')
      throw new TypeError(
        'checkpoint: the function returned a promise; it must record everything before it returns',
      );
    new Region().add(tape.values.slice(begin));
    return result;
  };
}

/** The first tape among the arguments, or the tape of the first value. Lists and records are searched, too. */
function tapeIn(args: object, seen: Set<object> = new Set()): Tape | undefined {
  seen.add(args);
  const parts: unknown[] = Object.values(args);
  for (const part of parts) {
    if (part instanceof Tape) return part;
    if (isValue(part)) return part.tape;
  }
  for (const part of parts) {
    const isSearched = typeof part === 'object' && part !== null && !ArrayBuffer.isView(part);
    const tape = isSearched && !seen.has(part) && tapeIn(part, seen);
    if (tape) return tape;
  }
  return undefined;
}

/** One backward pass through a region. */
interface Visit extends Delay {
  /** The number of the pass: see {@link Tape.pass}. */
  readonly pass: number;
  /** The copies of the region's values, with their ops. */
  readonly copies: ReadonlyMap<Value, { readonly copy: Value; readonly op: Op }>;
  readonly cotangents: Set<Value>;
  /**
   * The region of all values that this pass records, copies included. So a gradient of the gradient recomputes them.
   */
  readonly recorded: Region;
  /** The number of values on the tape before the copies. */
  readonly begin: number;
  /** The number of values on the tape after the latest rule was applied. */
  end: number;
}

/** Values whose derivative rules read copies of them. The copies are recorded when a backward pass reaches the region. */
class Region {
  readonly #values: Value[] = [];
  /** The op of each value before it was added to the region: its original op, or that of an inner region. */
  readonly #ops: Op[] = [];
  #visit: Visit | undefined;

  /** Adds all values but leaves, which cost nothing to keep. `values` is ordered from the oldest to the newest. */
  add(values: readonly Value[]): void {
    for (const value of values) if (value.inputs.length > 0) this.#include(value);
  }

  #include(value: Value): void {
    this.#values.push(value);
    this.#ops.push(value.op);
    // This is the only place where a recorded value is changed. The new op has the same name and derivatives.
    (value as { op: Op }).op = new RegionOp(value.op, this);
  }

  /** The cotangent of input `position` of a value of the region, recorded from the copy of the value. */
  cotangent(value: Value, position: number, g: Value): Value {
    const { tape } = value;
    let visit = this.#visit;
    if (!visit || visit.pass !== tape.pass) {
      visit = this.#begin(tape);
      this.#visit = visit;
    }
    // A cotangent older than the copies comes from outside the region. A newer cotangent may be a sum with terms from
    // outside, so the terms of a sum are examined instead of the sum.
    for (const cotangent of g.form.kind === 'accumulate' ? g.inputs : [g])
      if (cotangent.id < visit.begin) visit.cotangents.add(cotangent);
    const { copy, op } = visit.copies.get(value) as { copy: Value; op: Op };
    const result = cotangentOf(ruleOf(op, position) as VjpRule, g, copy, position);
    const recorded = tape.values.slice(visit.end);
    for (const value of recorded) delay(value, visit);
    visit.recorded.add(recorded);
    visit.end = tape.values.length;
    return result;
  }

  /** Records the copies. The copies of an inner region form a region of their own. */
  #begin(tape: Tape): Visit {
    const begin = tape.values.length;
    const copies = new Map<Value, { copy: Value; op: Op }>();
    const cotangents = new Set<Value>();
    const innerRegions = new Map<Region, Region>();
    const include = (copy: Value, op: Op) => {
      if (!(op instanceof RegionOp)) return;
      include(copy, op.base);
      const region = innerRegions.get(op.region) ?? new Region();
      innerRegions.set(op.region, region);
      region.#include(copy);
    };
    for (const [i, value] of this.#values.entries()) {
      const op = this.#ops[i] as Op;
      const inputs = value.inputs.map(input => copies.get(input)?.copy ?? input);
      const copy = tape.record(originOf(op), value.form, inputs);
      include(copy, op);
      copies.set(value, { copy, op: copy.op });
    }
    return {
      values: this.#values,
      pass: tape.pass,
      copies,
      cotangents,
      recorded: new Region(),
      begin,
      end: begin,
    };
  }
}

/** The op of a value in a region. Its rules record cotangents through {@link Region.cotangent}. */
class RegionOp implements Op {
  readonly name: string;
  readonly vjp: Vjp;
  /** The op that the value had before. */
  readonly base: Op;
  readonly region: Region;

  constructor(base: Op, region: Region) {
    const { name, vjp } = base;
    const ruleFromCopies = (rule: VjpRule | null, position: number): VjpRule | null =>
      rule && ((g, ans) => region.cotangent(ans, position, g));
    this.name = name;
    this.vjp =
      typeof vjp === 'function'
        ? position => ruleFromCopies(vjp(position), position) as VjpRule
        : vjp.map(ruleFromCopies);
    this.base = base;
    this.region = region;
  }
}

/** The op that recorded a value, without the {@link RegionOp}s of the regions that the value is in. */
function originOf(op: Op): Op {
  return op instanceof RegionOp ? originOf(op.base) : op;
}
