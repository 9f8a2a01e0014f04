import {
  type Expr,
  isWholeFold,
  type LoopStatement,
  type LoopStep,
  type Path,
  type Sink,
  type Statement,
  typeOf,
  walkStatements,
} from '../compile/ir.ts';
import type { Size } from '../compile/sizes.ts';
import { Uses } from '../compile/uses.ts';
import { Addresses } from './addresses.ts';
import { type Code, extract, FunctionBuilder, i32, type Local, load, op, store } from './emit/code.ts';
import { type Accumulator, accumulate, folded, largestOfLanes, totalOf } from './folds.ts';
import { Frame, type Slot } from './frame.ts';
import type { Lanes } from './lanes.ts';
import { addToDoubles, addToFloats, lanesOf, loadAt, storeLanes, storeLargest } from './lanes.ts';
import { and, keep, number, type Site } from './maths/arithmetic.ts';
import { comparison, primitive } from './primitives.ts';
import type { Simd } from './simd.ts';
import { addDoubles } from './sums.ts';

/** Settings of the loop compiler. */
export interface LoopSettings {
  readonly simd: Simd;
  /**
   * True if an axis is too short to compute four entries at once. A longer loop that contains only short loops is
   * vectorized instead of them.
   */
  readonly isShort: (size: Size) => boolean;
  /** True if the step adds to a buffer. The sums in such a buffer are float64: see {@link Slot}. */
  readonly isSummed: (buffer: number) => boolean;
}

/** A loop step as a function of its frame, the first index of its outermost loop, and the index after the last one. */
export interface LoopFunction {
  readonly builder: FunctionBuilder;
  readonly slots: readonly Slot[];
}

/** Compiles a loop step. */
export function loopFunction(name: string, step: LoopStep, settings: LoopSettings): LoopFunction {
  const loop = new Loop(name, step, settings);
  loop.write(step.body);
  return { builder: loop.f, slots: loop.frame.slots };
}

const loopNames = 'ijkl';

/**
 * The largest number of terms added up in float32. Even if all terms are equal, the relative error of their sum is at
 * most 1e-6.
 */
const partialTerms = 64;

/**
 * Writes the statements of a loop nest as vector code. Every number is a vector of four lanes. In a vectorized loop the
 * lanes are four entries; outside such a loop they are equal. The last one to three entries of a vectorized loop run
 * through a second copy of its body, which masks the lanes past the end.
 */
class Loop {
  readonly f: FunctionBuilder;
  readonly frame: Frame;
  readonly #site: Site;
  readonly #settings: LoopSettings;
  readonly #uses: Uses;
  readonly #addresses: Addresses;
  /** Values held in locals. */
  readonly #values = new Map<Expr, Code>();
  /** Conditions held in locals, as masks. */
  readonly #masks = new Map<Expr, Code>();
  /** The accumulators of the sums and maxima of inner loops. */
  readonly #accumulators = new Map<Expr, Accumulator>();
  /** The accumulators of sums and maxima over the whole nest, by buffer. */
  readonly #registers = new Map<number, Accumulator>();
  /** The float64 totals of float32 registers. */
  readonly #totals = new Map<number, Accumulator>();
  /** The buffers whose registers hold a different sum or maximum in each lane, over different entries of a loop. */
  readonly #spread = new Set<number>();
  /** The enclosing vectorized loop, if any. */
  #lanes: Lanes | undefined;
  /** Mask of the enclosing branches. */
  #mask: Code | undefined;

  /** Buffers whose terms are added up in float32 for a few rows at a time. */
  readonly #partial: ReadonlySet<number>;

  constructor(name: string, step: LoopStep, settings: LoopSettings) {
    const { body } = step;
    const params = ['frame', 'begin', 'end'].map(param => ({ name: param, type: 'i32' }) as const);
    this.f = new FunctionBuilder(name, params);
    this.#settings = settings;
    const outer = body.find(({ kind }) => kind === 'loop');
    this.#partial = outer?.kind === 'loop' && !this.#isVector(outer) ? sumsByRow(step) : new Set();
    const kindOfSum = (buffer: number) => (this.#partial.has(buffer) ? 'partial' : 'sum');
    this.frame = new Frame(this.f, buffer => (settings.isSummed(buffer) ? kindOfSum(buffer) : 'offset'));
    this.#site = { f: this.f, simd: settings.simd };
    this.#uses = new Uses(body);
    this.#addresses = new Addresses(this.f, this.frame);
  }

  write(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'let':
        this.#let(statement.expr);
        return;
      case 'sink':
        this.#sink(statement.sink);
        return;
      case 'term': {
        const { fold, value } = statement;
        const isSum = fold.kind === 'sum';
        const term = this.#masked(this.#value(value), isSum ? 0 : -Infinity);
        accumulate(this.f, this.#accumulators.get(fold) as Accumulator, term, isSum);
        return;
      }
      case 'branch':
        this.#branch(statement.condition, statement.body);
        return;
      case 'loop':
        this.#loop(statement);
    }
  }

  #let(expr: Expr): void {
    if (!this.#uses.needsLocal(expr)) return;
    const type = typeOf(expr);
    if (type === 'whole') this.#addresses.hold(expr);
    else if (type === 'condition') {
      this.#masks.delete(expr);
      this.#masks.set(expr, keep(this.#site, this.#condition(expr), 'is'));
    } else {
      this.#values.delete(expr);
      this.#values.set(expr, keep(this.#site, this.#value(expr)));
    }
  }

  /** Enters a branch if any lane takes it; outputs of the other lanes are masked. */
  #branch(condition: Expr, body: readonly Statement[]): void {
    const outer = this.#mask;
    const inner = keep(this.#site, this.#condition(condition), 'taken');
    const mask = outer ? keep(this.#site, and(outer, inner), 'taken') : inner;
    this.f.if(op('v128.any_true', this.#withoutTail(mask)), () => {
      this.#mask = this.#lanes ? mask : undefined;
      this.write(body);
    });
    this.#mask = outer;
  }

  // Loops.

  #loop(statement: LoopStatement): void {
    const { path, folds, registers, body } = statement;
    const { f } = this;
    const isOuter = path.length === 1;
    const size = path.at(-1) as Size;
    const [begin, end] = isOuter ? [f.param(1), f.param(2)] : [i32(0), this.#addresses.size(size)];
    const isVector = !this.#lanes && this.#isVector(statement);
    for (const fold of folds) {
      const isLong = !this.#settings.isShort(size);
      this.#accumulators.set(fold, this.#accumulator(fold.kind, fold.kind === 'sum', isLong));
    }
    for (const sink of registers) {
      const [name, isSum] = [`sum.b${sink.buffer}`, sink.kind === 'fold-sum'];
      // If each iteration adds one term, the terms of a few iterations are added up in float32 first.
      const isPartial = isSum && isVector && sink.path.length === 1;
      if (isPartial) this.#totals.set(sink.buffer, this.#accumulator('total', true, true));
      this.#registers.set(sink.buffer, this.#accumulator(name, isSum, !isPartial));
    }
    const counter = f.local('i32', loopNames[path.length - 1] ?? `i${path.length}`);
    f.set(counter, begin);
    const sums = registers.filter(({ buffer }) => this.#totals.has(buffer));
    const flush = () => {
      for (const { buffer } of sums) this.#flush(buffer);
      if (isOuter) for (const buffer of this.#partial) this.#addPartial(buffer);
    };
    if (isVector) this.#vectorLoop(counter, begin, end, path, body, sums.length > 0 ? flush : undefined);
    else {
      this.#counting(counter, begin, end, 1, isOuter && this.#partial.size > 0 ? flush : undefined, () => {
        this.#addresses.setCounter(path, counter);
        this.write(body);
      });
    }
    for (const fold of folds) {
      const accumulator = this.#accumulators.get(fold) as Accumulator;
      this.#values.set(fold, keep(this.#site, folded(f, accumulator, fold.kind === 'sum', isVector)));
    }
    for (const sink of registers) this.#finish(sink);
  }

  /** Counts up to `end`. If `flush` is given, it is called after every {@link partialTerms} iterations. */
  #counting(
    counter: Local,
    begin: Code,
    end: Code,
    step: number,
    flush: (() => void) | undefined,
    write: () => void,
  ): void {
    const { f } = this;
    if (!flush) {
      f.for(counter, end, i32(step), write);
      return;
    }
    const from = f.local('i32', 'from');
    const get: Code = { kind: 'get', local: from };
    f.set(from, begin);
    f.for(from, end, i32(step * partialTerms), () => {
      const next = f.let('i32', op('i32.add', get, i32(step * partialTerms)), 'next');
      const stop = f.let('i32', op('select', next, end, op('i32.lt_s', next, end)), 'stop');
      f.set(counter, get);
      f.for(counter, stop, i32(step), write);
      flush();
    });
  }

  #vectorLoop(
    counter: Local,
    begin: Code,
    end: Code,
    path: Path,
    body: readonly Statement[],
    flush: (() => void) | undefined,
  ): void {
    const { f } = this;
    const get: Code = { kind: 'get', local: counter };
    const write = (left?: Code) => {
      this.#lanes = lanesOf(this.#site, path, get, left);
      this.#addresses.enter(this.#lanes);
      this.write(body);
      this.#addresses.leave();
      this.#lanes = undefined;
    };
    const last = op('i32.sub', end, i32(3));
    this.#counting(counter, begin, flush ? f.let('i32', last, 'last') : last, 4, flush, () => write());
    f.if(op('i32.lt_s', get, end), () => write(f.let('i32', op('i32.sub', end, get), 'left')));
  }

  /** True if a loop can be vectorized: an innermost one, or one that is not short and contains only short loops. */
  #isVector({ path, body }: LoopStatement): boolean {
    const inner = innerLoops(body);
    if (inner.length === 0) return true;
    const { isShort } = this.#settings;
    return !isShort(path.at(-1) as Size) && inner.every(size => isShort(size));
  }

  /** Creates the locals of a sum or a maximum; for a long sum they are float64. */
  #accumulator(name: string, isSum: boolean, isLong: boolean): Accumulator {
    const locals = Array.from({ length: isSum && isLong ? 2 : 1 }, () => this.f.local('v128', name));
    for (const local of locals) this.f.set(local, number(this.#site, isSum ? 0 : -Infinity));
    return locals as unknown as Accumulator;
  }

  /** Combines a fold over the whole nest with the result of earlier bands. */
  #finish({ kind, buffer }: Sink): void {
    const isSpread = this.#spread.has(buffer);
    const accumulator = this.#registers.get(buffer) as Accumulator;
    const register: Code = { kind: 'get', local: accumulator[0] };
    const isSum = kind === 'fold-sum';
    const slot = this.frame.slot('offset', buffer);
    if (isSum) {
      const address = this.f.let('i32', op('i32.shl', slot, i32(1)), 'to');
      this.#flush(buffer);
      const band = totalOf(this.f, this.#totals.get(buffer) ?? accumulator, isSpread);
      this.f.add(store('f64.store', address, op('f64.add', load('f64.load', address), band)));
    } else {
      const band = extract('f32x4.extract_lane', 0, isSpread ? largestOfLanes(this.f, register) : register);
      this.f.add(store('f32.store', slot, op('f32.max', load('f32.load', slot), band)));
    }
  }

  /** Adds the float32 sum of a few iterations to its float64 total. */
  #flush(buffer: number): void {
    const total = this.#totals.get(buffer);
    if (!total) return;
    const [sum] = this.#registers.get(buffer) as Accumulator;
    accumulate(this.f, total, { kind: 'get', local: sum }, true);
    this.f.set(sum, number(this.#site, 0));
  }

  /** Adds the float32 sums of a few rows to a buffer, and zeroes them. */
  #addPartial(buffer: number): void {
    const { f } = this;
    const i = f.local('i32', 'entry');
    const get: Code = { kind: 'get', local: i };
    f.set(i, i32(0));
    f.for(i, this.frame.slot('length', buffer), i32(4), () => {
      const bytes = f.let('i32', op('i32.shl', get, i32(2)), 'bytes');
      const from = f.let('i32', op('i32.add', this.frame.slot('partial', buffer), bytes), 'from');
      const half = op('i32.add', this.frame.slot('sum', buffer), bytes);
      const to = f.let('i32', op('i32.shl', half, i32(1)), 'to');
      addDoubles(f, to, f.let('v128', load('v128.load', from), 'four'));
      f.add(store('v128.store', from, number(this.#site, 0)));
    });
  }

  // Values.

  #value(expr: Expr): Code {
    const held = this.#values.get(expr);
    if (held) return held;
    const [a, b, c] = expr.args as readonly [Expr, Expr, Expr];
    switch (expr.kind) {
      case 'constant':
        return number(this.#site, expr.value);
      case 'load':
        return loadAt(this.#site, this.#addresses.ofLoad(expr), this.#lanes);
      case 'indicator':
        return and(this.#condition(a), number(this.#site, 1));
      case 'round':
        // Every number is float32 already.
        return this.#value(a);
      case 'select':
        return this.#settings.simd.select(this.#condition(a), this.#value(b), this.#value(c));
      default:
        return primitive(
          this.#site,
          expr,
          expr.args.map(arg => this.#value(arg)),
        );
    }
  }

  /** A mask with all ones in lanes where a condition holds. */
  #condition(expr: Expr): Code {
    const held = this.#masks.get(expr);
    if (held) return held;
    const [a, b] = expr.args.map(arg => this.#value(arg)) as [Code, Code];
    return expr.kind === 'nonzero' ? op('f32x4.ne', a, number(this.#site, 0)) : comparison(expr, a, b);
  }

  // Outputs of an iteration.

  #sink(sink: Sink): void {
    const { kind, buffer, at, value } = sink;
    if (isWholeFold(sink)) {
      const isSum = kind === 'fold-sum';
      if (this.#lanes) this.#spread.add(buffer);
      const term = this.#masked(this.#value(value), isSum ? 0 : -Infinity);
      accumulate(this.f, this.#registers.get(buffer) as Accumulator, term, isSum);
      return;
    }
    const position = at[0] as Expr;
    switch (kind) {
      case 'store':
        storeLanes(this.#site, this.#addresses.addressOf(position), this.#value(value), this.#lanes);
        return;
      case 'add': {
        const term = this.#masked(this.#value(value), 0);
        const add = this.#partial.has(buffer) ? addToFloats : addToDoubles;
        add(this.#site, this.#addresses.addressOf(position), keep(this.#site, term, 'term'), this.#lanes);
        return;
      }
      case 'largest': {
        const term = this.#masked(this.#value(value), -Infinity);
        storeLargest(
          this.#site,
          this.#addresses.addressOf(position),
          keep(this.#site, term, 'term'),
          this.#lanes,
        );
      }
    }
  }

  /** A term, with the neutral element of its fold in masked lanes. */
  #masked(value: Code, neutral: number): Code {
    const mask = this.#mask ? this.#withoutTail(this.#mask) : this.#lanes?.mask;
    if (!mask) return value;
    return neutral === 0
      ? and(value, mask)
      : this.#settings.simd.select(mask, value, number(this.#site, neutral));
  }

  /** A mask without the lanes past the end. */
  #withoutTail(mask: Code): Code {
    return this.#lanes?.mask ? and(mask, this.#lanes.mask) : mask;
  }
}

/** The buffers to which each iteration of the outermost loop adds one term per entry. */
function sumsByRow({ sinks }: LoopStep): Set<number> {
  const sums = sinks.filter(({ kind }) => kind === 'add');
  const addsOnce = ({ path, at }: Sink) => {
    const depths = new Set(at.map(({ kind, path: { length } }) => (kind === 'index' ? length : 0)));
    const isPlain = at.every(({ kind }) => kind === 'index' || kind === 'constant');
    return isPlain && !depths.has(1) && path.slice(1).every((_, depth) => depths.has(depth + 2));
  };
  const others = new Set(sums.filter(sink => !addsOnce(sink)).map(({ buffer }) => buffer));
  return new Set(sums.map(({ buffer }) => buffer).filter(buffer => !others.has(buffer)));
}

/** Sizes of all loops inside these statements. */
function innerLoops(statements: readonly Statement[]): Size[] {
  const sizes: Size[] = [];
  walkStatements(statements, statement => {
    if (statement.kind === 'loop') sizes.push(statement.path.at(-1) as Size);
  });
  return sizes;
}
