import { numbers } from '../scalar.ts';
import { checkSpecial, type SpecialFunction } from '../special.ts';
import { algebraOf, numberText, type Primitive } from './algebra.ts';
import { type Guesses, taintOfGuess } from './guesses.ts';
import {
  type ArrayRef,
  deepest,
  type Expr,
  type ExprOf,
  type Guess,
  isFiniteNumber,
  type Path,
  type Sink,
  type Taint,
} from './ir.ts';
import { matched, matchers, type RuleAlgebra } from './rules.ts';
import { one, type Size } from './sizes.ts';

/**
 * The expressions to which {@link algebra} adds. All instances share one algebra, since making one takes longer than
 * most uses of it.
 */
let current: Expressions;

const algebra: RuleAlgebra<Expr> = {
  ...algebraOf<Expr>(
    value => current.constant(value),
    (kind, args) => current.apply(kind, args),
    (f, arg) => current.special(f, arg),
  ),
  plus: (a, b) => current.plus(a, b),
  times: (a, b) => current.times(a, b),
};

/** The fields of an expression besides its kind and arguments. */
interface Fields {
  readonly path?: Path;
  readonly taint?: Taint;
  readonly guess?: Guess;
  readonly inner?: Path;
  readonly [field: string]: unknown;
}

/** The expressions of one loop nest, rewritten by rules.ts. Equal expressions are the same object. */
export class Expressions {
  readonly #interned = new Map<string, Expr>();
  readonly #guesses: Guesses;
  readonly #rounds: boolean;
  /** Lengths of ragged loops. The size of a ragged loop is negative: size −1 − i stands for the length `lengths[i]`. */
  readonly lengths: Expr[] = [];

  /** `rounds` is true for float32: numbers are rounded before they are compared. */
  constructor(guesses: Guesses, rounds: boolean) {
    this.#guesses = guesses;
    this.#rounds = rounds;
  }

  /** The expression with these parts, made if there is none. `key` distinguishes expressions of equal kind and arguments. */
  #intern(kind: Expr['kind'], args: readonly Expr[], key: string | number, fields: Fields = {}): Expr {
    let text = `${kind} ${key}`;
    let taint: Taint = fields.taint ?? 0;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as Expr;
      text += ` ${arg.id}`;
      if (arg.taint > taint) taint = arg.taint;
    }
    const existing = this.#interned.get(text);
    if (existing) return existing;
    const path = fields.path ?? deepest(args);
    const expr = Object.assign(fields, {
      id: this.#interned.size,
      kind,
      args,
      path,
      taint,
    }) as unknown as Expr;
    this.#interned.set(text, expr);
    return expr;
  }

  /** @throws TypeError if `value` is not a number: it is printed into source */
  constant(value: number): Expr {
    if (typeof value !== 'number') throw new TypeError(`plan: a constant is a number, got a ${typeof value}`);
    return this.#intern('constant', [], numberText(value), { value });
  }

  index(path: Path): Expr {
    return this.#intern('index', [], `${path}`, { path });
  }

  /** The size of a ragged loop, whose length varies between iterations of the loops around it. */
  ragged(length: Expr): Size {
    const index = this.lengths.indexOf(length);
    return -1 - (index >= 0 ? index : this.lengths.push(length) - 1);
  }

  size(size: Size): Expr {
    return size === one ? this.constant(1) : this.#intern('size', [], size, { size });
  }

  start(start: number): Expr {
    return this.#intern('start', [], start, { start });
  }

  offset(buffer: number): Expr {
    return this.#intern('offset', [], buffer, { buffer });
  }

  plus(a: Expr, b: Expr): Expr {
    return this.#rewritten('plus', [a, b]) ?? this.#intern('plus', [a, b], '');
  }

  times(a: Expr, b: Expr): Expr {
    return this.#rewritten('times', [a, b]) ?? this.#intern('times', [a, b], '');
  }

  /** The entry of an array indexed as if it had `shape`. `taint` is that of the numbers stored in the array. */
  entry(array: ArrayRef, shape: readonly Size[], index: readonly Expr[], taint: Taint = 0): Expr {
    return this.#intern('entry', index, `${array.kind} ${array.number} ${shape}`, { array, shape, taint });
  }

  /** The nearest float32. */
  round(a: Expr): Expr {
    if (a.kind === 'constant') return this.constant(Math.fround(a.value));
    if (a.kind === 'round' || a.kind === 'indicator') return a;
    return this.#intern('round', [a], '');
  }

  /** `body` folded over the loop at `inner`. The result is available in the loop around that one. */
  fold(reducer: 'sum' | 'max', inner: Path, body: Expr): Expr {
    const kind = reducer === 'sum' ? 'sum' : 'largest';
    return this.#intern(kind, [body], `${inner}`, { path: inner.slice(0, -1), inner });
  }

  /** A primitive applied to arguments: computed if these are constants, and rewritten if a rule fits. */
  apply(kind: Primitive, args: readonly Expr[]): Expr {
    if (kind === 'select') {
      const [condition, yes, no] = args as [Expr, Expr, Expr];
      return this.#selected(this.condition(condition), yes, no);
    }
    if (args.every(arg => arg.kind === 'constant')) {
      const compute = numbers[kind] as (...args: number[]) => number;
      return this.constant(compute(...args.map(arg => (arg as ExprOf<'constant'>).value)));
    }
    if (kind === 'less' || kind === 'equal') return this.indicator(this.#compared(kind, args));
    return this.#rewritten(kind, args) ?? this.#intern(kind, args, '');
  }

  special(f: SpecialFunction, a: Expr): Expr {
    checkSpecial('plan', f);
    return a.kind === 'constant' ? this.constant(f.of(a.value)) : this.#intern('special', [a], f.name, { f });
  }

  #compared(kind: 'less' | 'equal', args: readonly Expr[]): Expr {
    // Rounding keeps the sign (unless it underflows), so numbers compared with 0 are not rounded.
    const rounds = this.#rounds && !args.some(arg => arg.kind === 'constant' && arg.value === 0);
    return this.#intern(kind, rounds ? args.map(arg => this.round(arg)) : args, '');
  }

  #selected(condition: Expr, yes: Expr, no: Expr): Expr {
    if (condition.kind === 'truth') return condition.value ? yes : no;
    const args = [condition, yes, no];
    return this.#rewritten('select', args) ?? this.#intern('select', args, '');
  }

  /** The condition that a number is not 0. */
  condition(a: Expr): Expr {
    if (a.kind === 'indicator') return a.args[0] as Expr;
    if (a.kind === 'constant') return this.#truth(a.value !== 0);
    return this.#intern('nonzero', [a], '');
  }

  /** 1 if a condition holds, else 0. */
  indicator(condition: Expr): Expr {
    if (condition.kind === 'truth') return this.constant(condition.value ? 1 : 0);
    return this.#intern('indicator', [condition], '');
  }

  #truth(value: boolean): Expr {
    return this.#intern('truth', [], `${value}`, { value });
  }

  #rewritten(kind: Primitive | 'plus' | 'times', args: readonly Expr[]): Expr | undefined {
    for (const matcher of matchers.get(kind) ?? []) {
      const { isGuess, result } = matcher.rule;
      if (isGuess && !this.#guesses.masked) continue;
      const variables = matched(matcher, args);
      if (!variables) continue;
      const [a, b] = variables as [Expr, Expr];
      return isGuess ? this.#masked(a, b) : this.evaluate(result as typeof result<Expr>, variables);
    }
    return undefined;
  }

  /** The plain product of `factor` and `other`, with the guess that it is 0 where `factor` is 0. */
  #masked(factor: Expr, other: Expr, taint: Taint = taintOfGuess.masked): Expr {
    // If `factor` is a constant other than 0, or `other` a finite constant, the product needs no guess.
    const isPlain = (factor.kind === 'constant' && factor.value !== 0) || isFiniteNumber(other);
    if (isPlain && taint === taintOfGuess.masked) return this.apply('mul', [factor, other]);
    return this.#intern('mul', [factor, other], `masked ${taint}`, { guess: 'masked', taint });
  }

  /** Marks a product as part of an exchanged sum: see guesses.ts. */
  exchanged(product: Expr): Expr {
    if (product.kind !== 'mul' || product.guess === 'exchanged') return product;
    const [a, b] = product.args as [Expr, Expr];
    const taint = taintOfGuess.exchanged;
    if (product.guess === 'masked') return this.#masked(a, b, taint);
    return this.#intern('mul', [a, b], 'exchanged', { guess: 'exchanged', taint });
  }

  /** The algebra that adds to these expressions, until the algebra of another instance is requested. */
  get algebra(): RuleAlgebra<Expr> {
    current = this;
    return algebra;
  }

  /** Evaluates an op's expression, or a side of a rule, for these inputs. */
  evaluate(expression: (s: RuleAlgebra<Expr>, ...inputs: Expr[]) => Expr, inputs: readonly Expr[]): Expr {
    return expression(this.algebra, ...inputs);
  }

  /** The same expression with other arguments. */
  #rebuilt(expr: Expr, args: readonly Expr[]): Expr {
    switch (expr.kind) {
      case 'mul':
        if (expr.guess === 'masked') return this.#masked(args[0] as Expr, args[1] as Expr, expr.taint);
        return expr.guess ? this.exchanged(this.#intern('mul', args, '')) : this.apply('mul', args);
      case 'select':
        return this.#selected(...(args as [Expr, Expr, Expr]));
      case 'less':
      case 'equal':
        return this.#intern(expr.kind, args, '');
      case 'nonzero':
        return this.condition(args[0] as Expr);
      case 'indicator':
        return this.indicator(args[0] as Expr);
      case 'round':
        return this.round(args[0] as Expr);
      case 'special':
        return this.special(expr.f, args[0] as Expr);
      case 'plus':
        return this.plus(...(args as [Expr, Expr]));
      case 'times':
        return this.times(...(args as [Expr, Expr]));
      case 'sum':
      case 'largest':
        return this.fold(expr.kind === 'sum' ? 'sum' : 'max', expr.inner, args[0] as Expr);
      case 'entry':
        return this.entry(expr.array, expr.shape, args, expr.taint);
      case 'load':
        return this.load(expr.array, args[0] as Expr, expr.taint);
      case 'constant':
      case 'truth':
      case 'index':
      case 'size':
      case 'start':
      case 'offset':
        return expr;
      default:
        return this.apply(expr.kind, args);
    }
  }

  /**
   * The expression with parts replaced: `replacementOf` returns the replacement of a part, or undefined to look inside
   * it. `results` holds the results so far.
   */
  #mapped(expr: Expr, results: Map<Expr, Expr>, replacementOf: (part: Expr) => Expr | undefined): Expr {
    const earlier = results.get(expr);
    if (earlier) return earlier;
    const replacement = replacementOf(expr);
    if (replacement) return replacement;
    const args = expr.args.map(arg => this.#mapped(arg, results, replacementOf));
    const result = args.every((arg, i) => arg === expr.args[i]) ? expr : this.#rebuilt(expr, args);
    results.set(expr, result);
    return result;
  }

  /**
   * `expr` simplified under the assumption that `condition` is true. For the condition that a number is not 0, only the
   * condition is replaced, not the number. `results` holds the results so far.
   */
  assume(expr: Expr, condition: Expr, results: Map<Expr, Expr>): Expr {
    const holds = this.#truth(true);
    return this.#mapped(expr, results, part => {
      if (part === condition) return holds;
      // An expression of an outer loop does not depend on the condition. A sum in an outer loop may contain the same
      // condition, but evaluates it in iterations of its own.
      return part.path.length < condition.path.length ? part : undefined;
    });
  }

  /**
   * The sinks with indices flattened to positions. Outer axes are added first, so that invariant parts stay outside
   * loops.
   */
  flattened(sinks: readonly Sink[], offsetOf: (buffer: number) => Expr): Sink[] {
    const results = new Map<Expr, Expr>();
    const flat = (expr: Expr): Expr =>
      this.#mapped(expr, results, part => {
        if (part.kind !== 'entry') return undefined;
        const index = part.args.map(flat);
        const { array, shape, taint } = part;
        const start = array.kind === 'buffer' ? offsetOf(array.number) : this.constant(0);
        const load = this.load(array, this.position(shape, index, start), taint);
        results.set(part, load);
        return load;
      });
    return sinks.map(sink => ({ ...sink, value: flat(sink.value), at: sink.at.map(flat) }));
  }

  /** The entry of an array at a position. */
  load(array: ArrayRef, position: Expr, taint: Taint = 0): Expr {
    return this.#intern('load', [position], `${array.kind} ${array.number}`, { array, taint });
  }

  /** The position of an entry of a row-major array that begins at `start`. */
  position(shape: readonly Size[], index: readonly Expr[], start: Expr): Expr {
    const strides: Expr[] = [];
    let stride = this.constant(1);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride = this.times(this.size(shape[axis] as Size), stride);
    }
    return index.reduce((position, axisIndex, axis) => {
      if (shape[axis] === one) return position;
      return this.plus(position, this.times(axisIndex, strides[axis] as Expr));
    }, start);
  }
}
