import { type Expression, numbers, type Scalar } from '../scalar.ts';
import type { Size } from './structure.ts';

/** A loop by the sizes of the loops around it and its own: `[5]` is an outermost one, `[5, 2]` one inside. */
export type Path = readonly Size[];

/** The primitives of the algebra, by name. */
export type Primitive = Exclude<keyof Scalar<unknown>, 'constant'>;

/**
 * One computation inside a loop, interned: what is written twice is the same object, so it is computed once, and a
 * chain of softplus stays as long as it looks (as plain text it would double at each link).
 */
export interface Expr {
  readonly id: number;
  readonly kind:
    | 'number'
    | Primitive
    /** The index of the loop at `path`. */
    | 'index'
    /** The length of a {@link Size}. */
    | 'size'
    /** A number of {@link Structure.starts}. */
    | 'start'
    /** The position of buffer `number` in the arena. */
    | 'offset'
    /** Whole-number arithmetic, of positions. */
    | 'plus'
    | 'times'
    /** A number at a position of buffer `number`, or of input `number`. */
    | 'load'
    | 'input'
    /** The sum or maximum of the argument over the loop at `inner`. */
    | 'sum'
    | 'largest';
  readonly args: readonly Expr[];
  readonly number: number;
  /** The innermost loop whose index it depends on: where it is computed. */
  readonly path: Path;
  /** Of `sum` and `largest`: the loop they run. */
  readonly inner?: Path;
  /** Whether a masked product in it was taken for a plain one, or a sum was turned round: see {@link Expressions}. */
  readonly isGuess: boolean;
}

const outermost: Path = [];

/** Rough cost of a primitive, in additions; what is dear is rather stored than computed twice. */
const costs: Partial<Record<Expr['kind'], number>> = {
  exp: 20,
  expm1: 25,
  log: 20,
  log1p: 25,
  pow: 40,
  sin: 20,
  cos: 20,
  tanh: 30,
  sqrt: 6,
  div: 4,
};

/** What is written between its arguments, in every language that loops are printed in. */
export const infix: Partial<Record<Expr['kind'], string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  plus: '+',
  times: '*',
};

export const costOf = (kind: Expr['kind']): number => costs[kind] ?? 1;

/** `number` of a product that stands for a masked one, and of one that stands for a sum turned round. */
const [guessed, turned] = [1, 2];

/**
 * Makes the expressions of one loop nest, each once.
 *
 * `guesses` takes masked products (0 where g is 0, else g·f: the shape of `scaled`) for plain ones. They differ only
 * where f is not finite, and then the plain one is NaN; so results that are finite prove the guess right. It saves a
 * comparison for each product, a quarter of a pair loop's time. A NaN must be seen to be believed, though: where a guess
 * decides a comparison or a selection, it could vanish there, and `isUnsure` says so.
 */
export class Expressions {
  readonly #known = new Map<string, Expr>();
  readonly #guesses: boolean;
  /** The lengths of ragged loops, by −1 − size. */
  readonly lengths: Expr[] = [];
  /** Whether a comparison or a selection depends on a guess. */
  isUnsure = false;

  constructor(guesses: boolean) {
    this.#guesses = guesses;
  }

  #intern(
    kind: Expr['kind'],
    args: readonly Expr[],
    number = 0,
    path?: Path,
    inner?: Path,
    isGuess: boolean = args.some(arg => arg.isGuess),
  ): Expr {
    // −0 is another number than 0, but not as text.
    const text = Object.is(number, -0) ? '-0' : number;
    const key = `${kind} ${text} ${args.map(arg => arg.id)} ${inner ?? (kind === 'index' ? path : '')}`;
    const known = this.#known.get(key);
    if (known) return known;
    const where =
      path ??
      args.reduce((deepest, arg) => (arg.path.length > deepest.length ? arg.path : deepest), outermost);
    const made = { id: this.#known.size, kind, args, number, path: where, isGuess, ...(inner && { inner }) };
    this.#known.set(key, made);
    return made;
  }

  number(number: number): Expr {
    return this.#intern('number', [], number, outermost);
  }

  index(path: Path): Expr {
    return this.#intern('index', [], 0, path);
  }

  /** The size of a loop whose length differs from iteration to iteration of the loops around it. */
  ragged(length: Expr): Size {
    const known = this.lengths.indexOf(length);
    return -1 - (known >= 0 ? known : this.lengths.push(length) - 1);
  }

  size(size: Size): Expr {
    return size === 0 ? this.number(1) : this.#intern('size', [], size);
  }

  start(which: number): Expr {
    return this.#intern('start', [], which);
  }

  offset(buffer: number): Expr {
    return this.#intern('offset', [], buffer);
  }

  plus(a: Expr, b: Expr): Expr {
    if (a.kind === 'number' && a.number === 0) return b;
    if (b.kind === 'number' && b.number === 0) return a;
    return this.#intern('plus', [a, b]);
  }

  times(a: Expr, b: Expr): Expr {
    if (isNumber(a, 1)) return b;
    if (isNumber(b, 1)) return a;
    if (isNumber(a, 0) || isNumber(b, 0)) return this.number(0);
    return this.#intern('times', [a, b]);
  }

  /** What lies in a buffer; a guess, if one was stored there. */
  load(buffer: number, position: Expr, isGuess: boolean): Expr {
    return this.#intern('load', [position], buffer, undefined, undefined, isGuess);
  }

  input(which: number, position: Expr): Expr {
    return this.#intern('input', [position], which);
  }

  /** `body` folded over the loop at `inner`, known at the loop around it. */
  fold(reducer: 'sum' | 'max', inner: Path, body: Expr): Expr {
    return this.#intern(reducer === 'sum' ? 'sum' : 'largest', [body], 0, inner.slice(0, -1), inner);
  }

  /** A primitive of known arguments: folded where they are numbers, simplified where that changes no bit. */
  apply(kind: Primitive, args: readonly Expr[]): Expr {
    const [a, b, c] = args as readonly [Expr, Expr, Expr];
    if (args.every(arg => arg.kind === 'number')) {
      const compute = numbers[kind] as (...args: number[]) => number;
      return this.number(compute(...args.map(arg => arg.number)));
    }
    if (kind === 'select' && this.#guesses && isMasked(a, b, c)) return this.#guess(c);
    const isCompared = kind === 'less' && (a.isGuess || b.isGuess);
    const isAsked = kind === 'select' && a.isGuess;
    if (isCompared || isAsked || args.some(isGuessedTest)) this.isUnsure = true;
    switch (kind) {
      case 'mul':
        if (isNumber(a, 1)) return b;
        if (isNumber(b, 1)) return a;
        break;
      case 'sub':
        if (isNumber(b, 0)) return a;
        break;
      case 'div':
        if (isNumber(b, 1)) return a;
        break;
      case 'neg':
        if (a.kind === 'neg') return a.args[0] as Expr;
        break;
      case 'pow':
        if (isNumber(b, 1)) return a;
        if (isNumber(b, 2)) return this.apply('mul', [a, a]);
        break;
      case 'select':
        if (a.kind === 'number') return a.number !== 0 ? b : c;
        if (b === c) return b;
        break;
      default:
    }
    return this.#intern(kind, args);
  }

  #guess({ args }: Expr): Expr {
    return this.#intern('mul', args, guessed, undefined, undefined, true);
  }

  /** A product that holds where it is finite, as what it stands for may be finite where it is not. */
  turned(product: Expr): Expr {
    const isPlain = product.kind === 'mul' && product.number === 0;
    return isPlain ? this.#intern('mul', product.args, turned, undefined, undefined, true) : product;
  }

  /** The algebra in which an op's expression is read as an {@link Expr}. */
  readonly algebra: Scalar<Expr> = algebraOf<Expr>(
    number => this.number(number),
    (kind, args) => this.apply(kind, args),
  );

  /** `expr` where `condition` is known to be 1. */
  assume(expr: Expr, condition: Expr, known: Map<Expr, Expr> = new Map()): Expr {
    if (expr === condition) return this.number(1);
    // What is known further out cannot hang on it; a sum there runs over the same index on its own.
    if (expr.path.length < condition.path.length) return expr;
    const before = known.get(expr);
    if (before) return before;
    const args = expr.args.map(arg => this.assume(arg, condition, known));
    const isSame = args.every((arg, i) => arg === expr.args[i]);
    const result = isSame
      ? expr
      : expr.kind === 'mul' && expr.number !== 0
        ? this.#intern('mul', args, expr.number, undefined, undefined, true)
        : expr.kind in numbers
          ? this.apply(expr.kind as Primitive, args)
          : this.#intern(expr.kind, args, expr.number, expr.inner ? expr.path : undefined, expr.inner);
    known.set(expr, result);
    return result;
  }
}

/** Whether an equality hangs on a guess; only the tests of masks may, and they go. */
export function isGuessedTest({ kind, isGuess }: Expr): boolean {
  return kind === 'equal' && isGuess;
}

/** Whether a selection is a masked product: 0 where a factor is 0, else the product. */
function isMasked(condition: Expr, yes: Expr, no: Expr): boolean {
  if (condition.kind !== 'equal' || no.kind !== 'mul' || !isNumber(yes, 0)) return false;
  const [factor, zero] = condition.args as readonly [Expr, Expr];
  return isNumber(zero, 0) && no.args.includes(factor);
}

function isNumber(expr: Expr, number: number): boolean {
  return expr.kind === 'number' && Object.is(expr.number, number);
}

const primitives = Object.keys(numbers).filter(name => name !== 'constant') as Primitive[];

function algebraOf<T>(constant: (number: number) => T, apply: (kind: Primitive, args: T[]) => T): Scalar<T> {
  const operations = primitives.map(kind => [kind, (...args: T[]) => apply(kind, args)] as const);
  return { constant, ...Object.fromEntries(operations) } as unknown as Scalar<T>;
}

/** An expression as text, the same for every function that computes the same. Shared parts are numbered, not repeated. */
export function textOf(expression: Expression, inputs: number): string {
  const steps: string[] = [];
  const known = new Map<string, string>();
  const name = (text: string) => {
    const before = known.get(text);
    if (before) return before;
    const made = `#${steps.push(text)}`;
    known.set(text, made);
    return made;
  };
  const algebra = algebraOf<string>(
    number => (Object.is(number, -0) ? '-0' : `${number}`),
    (kind, args) => name(`${kind}(${args})`),
  );
  const arrived = Array.from({ length: inputs }, (_, i) => `x${i}`);
  const result = expression(algebra, ...arrived);
  return `${steps.join(';')}>${result}`;
}

/** The conditions that make `expr` exactly 0 where they do not hold, given that everything in it is finite there. */
export function zeroUnless(expr: Expr, known: Map<Expr, ReadonlySet<Expr>> = new Map()): ReadonlySet<Expr> {
  const before = known.get(expr);
  if (before) return before;
  const [a, b, c] = expr.args as readonly [Expr, Expr, Expr];
  const of = (arg: Expr) => zeroUnless(arg, known);
  let result: ReadonlySet<Expr> = new Set();
  switch (expr.kind) {
    case 'neg':
      result = of(a);
      break;
    case 'mul':
      if (expr.number === guessed) result = of(a);
      break;
    case 'add':
    case 'sub':
      result = new Set([...of(a)].filter(condition => of(b).has(condition)));
      break;
    case 'select': {
      // Zero wherever the factor is that the product is masked by.
      if (isMasked(a, b, c)) {
        result = of(a.args[0] as Expr);
        break;
      }
      const otherwise = isNumber(c, 0) ? [a] : [];
      const both = [...(isNumber(b, 0) ? [] : of(b))].filter(
        condition => isNumber(c, 0) || of(c).has(condition),
      );
      result = new Set([...otherwise, ...both]);
      break;
    }
    default:
  }
  known.set(expr, result);
  return result;
}
