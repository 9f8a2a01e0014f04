import type { SpecialFunction } from '../special.ts';
import type { Primitive } from './algebra.ts';
import type { Size } from './sizes.ts';

/*
 * The language of plans. An expression computes an entry; a sink writes an entry; a step is a loop nest of sinks, or a
 * matrix product. A plan depends neither on a single pose nor on a target language.
 */

/** A loop, given by the sizes of the loops around it and its own: `[5]` is outermost, `[5, 2]` is inside it. */
export type Path = readonly Size[];

/** Types of expressions: numbers, whole numbers (positions and lengths), and conditions. */
export type Type = 'real' | 'whole' | 'condition';

/** An array that is read or written: a buffer of the arena, or an input. */
export interface ArrayRef {
  readonly kind: 'buffer' | 'input';
  readonly number: number;
  /** `whole` for index data. */
  readonly type: 'real' | 'whole';
}

/** The effect of a wrong guess on a number: 0 none, 1 NaN, 2 NaN or infinite. See guesses.ts. */
export type Taint = 0 | 1 | 2;

/** Fields of every expression. */
interface Common {
  /** Number in order of creation; arguments have smaller numbers. */
  readonly id: number;
  readonly args: readonly Expr[];
  /** The loop in which the expression is computed: the innermost loop whose index it depends on. */
  readonly path: Path;
  readonly taint: Taint;
}

/** Primitives whose result is a number. All arguments are numbers, except the condition of `select`. */
export type RealKind = Exclude<Primitive, 'less' | 'equal'>;

/** One computation inside a loop. Equal expressions are the same object, so each is computed once. */
export type Expr = Common &
  (
    | { readonly kind: 'constant'; readonly value: number }
    /** A product may be a guess: see guesses.ts. */
    | { readonly kind: RealKind; readonly guess?: Guess }
    | { readonly kind: 'special'; readonly f: SpecialFunction }
    /** Conditions: a comparison of two numbers, a number that is not 0, and a constant. */
    | { readonly kind: 'less' | 'equal' | 'nonzero' }
    | { readonly kind: 'truth'; readonly value: boolean }
    /** 1 if the condition holds, else 0. */
    | { readonly kind: 'indicator' }
    /** The nearest float32. */
    | { readonly kind: 'round' }
    /** The index of the loop at `path`. */
    | { readonly kind: 'index' }
    | { readonly kind: 'size'; readonly size: Size }
    /** An element of {@link Structure.starts}. */
    | { readonly kind: 'start'; readonly start: number }
    /** The offset of a buffer in the arena. */
    | { readonly kind: 'offset'; readonly buffer: number }
    /** Whole-number arithmetic. */
    | { readonly kind: 'plus' | 'times' }
    /** The entry of an array indexed as if it had `shape`. The arguments are the index, one for each axis. */
    | { readonly kind: 'entry'; readonly array: ArrayRef; readonly shape: readonly Size[] }
    /** The entry of an array at a position, which is the argument. */
    | { readonly kind: 'load'; readonly array: ArrayRef }
    /** The sum or maximum of the argument over the loop at `inner`. */
    | { readonly kind: 'sum' | 'largest'; readonly inner: Path }
  );

export type ExprOf<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

/** The kinds of guessed products: one that must be 0 where its first factor is 0, or part of an exchanged sum. */
export type Guess = 'masked' | 'exchanged';

/** The type of an expression. */
export function typeOf(expr: Expr): Type {
  switch (expr.kind) {
    case 'less':
    case 'equal':
    case 'nonzero':
    case 'truth':
      return 'condition';
    case 'index':
    case 'size':
    case 'start':
    case 'offset':
    case 'plus':
    case 'times':
      return 'whole';
    case 'entry':
    case 'load':
      return expr.array.type;
    default:
      return 'real';
  }
}

/** True if an expression is the fold of a loop. */
export function isFold(expr: Expr): expr is ExprOf<'sum' | 'largest'> {
  return expr.kind === 'sum' || expr.kind === 'largest';
}

/** True if the expression needs no computation: a constant, an index, or a number that is set for each pose. */
export function isAtom({ kind }: Expr): boolean {
  return kind === 'constant' || kind === 'index' || kind === 'size' || kind === 'start' || kind === 'offset';
}

/** True for a finite constant. */
export function isFiniteNumber(expr: Expr | undefined): boolean {
  return expr?.kind === 'constant' && Number.isFinite(expr.value);
}

/** Binary operators, which are the same in all languages that loops are printed in. */
export const operators: Partial<Record<Expr['kind'], string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  plus: '+',
  times: '*',
};

/** The path of the deepest of some expressions. */
export function deepest(exprs: readonly Expr[]): Path {
  let path: Path = [];
  for (const expr of exprs) if (expr.path.length > path.length) path = expr.path;
  return path;
}

/**
 * Visits `roots` and all expressions they depend on, each once, arguments first. If `into` returns false for an
 * expression, it is skipped, and so are arguments that no other expression needs.
 */
export function walkExprs(
  roots: readonly Expr[],
  visit: (expr: Expr) => void,
  into: (expr: Expr) => boolean = () => true,
): void {
  const seen = new Set<Expr>();
  const go = (expr: Expr) => {
    if (seen.has(expr) || !into(expr)) return;
    seen.add(expr);
    for (const arg of expr.args) go(arg);
    visit(expr);
  };
  for (const root of roots) go(root);
}

// Outputs of a loop.

/** An entry that an iteration writes to a buffer. The kinds `fold-…` combine the whole nest into one number. */
export interface Sink {
  readonly kind: 'store' | 'add' | 'largest' | 'fold-sum' | 'fold-largest';
  readonly path: Path;
  readonly buffer: number;
  /**
   * The index of the entry, with an expression for each axis of the buffer; after flattening, only one for the
   * position.
   */
  readonly at: readonly Expr[];
  readonly value: Expr;
}

/** True if a sink folds the whole nest into one number. */
export function isWholeFold({ kind }: Sink): boolean {
  return kind === 'fold-sum' || kind === 'fold-largest';
}

/** A statement of a loop nest. */
export type Statement =
  | { readonly kind: 'let'; readonly expr: Expr }
  | { readonly kind: 'sink'; readonly sink: Sink }
  /** One term of an inner loop's sum or maximum. */
  | { readonly kind: 'term'; readonly fold: ExprOf<'sum' | 'largest'>; readonly value: Expr }
  | LoopStatement
  /** A body that runs only if the condition holds. */
  | { readonly kind: 'branch'; readonly condition: Expr; readonly body: readonly Statement[] };

/** A loop, with the sums and maxima it computes and the sinks that fold over all of it. */
export interface LoopStatement {
  readonly kind: 'loop';
  readonly path: Path;
  readonly folds: readonly ExprOf<'sum' | 'largest'>[];
  readonly registers: readonly Sink[];
  readonly body: readonly Statement[];
}

/** Visits each statement, outer ones first, with the number of loops around it. */
export function walkStatements(
  statements: readonly Statement[],
  visit: (statement: Statement, depth: number) => void,
  depth = 0,
): void {
  for (const statement of statements) {
    visit(statement, depth);
    if (statement.kind === 'branch') walkStatements(statement.body, visit, depth);
    if (statement.kind === 'loop') walkStatements(statement.body, visit, depth + 1);
  }
}

/** The expressions that a statement uses directly, without those used in its body. */
export function usesOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case 'let':
      return statement.expr.args;
    case 'sink': {
      const { sink } = statement;
      return isWholeFold(sink) ? [sink.value] : [sink.value, ...sink.at];
    }
    case 'term':
      return [statement.value];
    case 'branch':
      return [statement.condition];
    case 'loop':
      return [];
  }
}

// Plans.

/** An array of the arena, for a result or for values that several steps need. */
export interface PlanBuffer {
  readonly id: number;
  readonly shape: readonly Size[];
  /** The op whose result it holds, for listings. */
  readonly name: string;
}

/** A parameter or constant of the pose. */
export interface PlanInput {
  /** Index among the live values. */
  readonly liveIndex: number;
  readonly ref: ArrayRef;
  /** True if its numbers are float64. */
  readonly isDouble: boolean;
}

/** The number that a buffer is filled with before a step adds to it. */
export interface Clear {
  readonly buffer: number;
  readonly number: number;
}

/** Fields of every step: the buffers it clears, reads and writes. */
interface AnyStep {
  readonly clears: readonly Clear[];
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** A fused loop nest, or straight-line code if there is no loop. */
export interface LoopStep extends AnyStep {
  readonly kind: 'loop';
  readonly sinks: readonly Sink[];
  /** The statements in order: see order.ts. */
  readonly body: readonly Statement[];
  /** The ops computed in it, for listings. */
  readonly ops: readonly string[];
}

/** A matrix product of two stored arrays. */
export interface MatmulStep extends AnyStep {
  readonly kind: 'matmul';
  readonly a: ArrayRef;
  readonly b: ArrayRef;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The leading axes, then the rows, summed length and columns of each product. */
  readonly batch: readonly Size[];
  readonly m: Size;
  readonly k: Size;
  readonly n: Size;
}

export type Step = LoopStep | MatmulStep;

/** The steps that compute a tape, and their buffers. A plan fits all poses of one structure. */
export interface Plan {
  readonly steps: readonly Step[];
  /**
   * The steps at which a section begins, ascending; only in a plan with checkpoints. No step may be moved to another
   * section: that would take more memory.
   */
  readonly sections?: readonly number[];
  readonly buffers: readonly PlanBuffer[];
  readonly inputs: readonly PlanInput[];
  /** The buffers of the wanted values. */
  readonly wanted: readonly number[];
  /** True if the plan makes guesses, so that its results are right only if they are finite: see guesses.ts. */
  readonly isGuess: boolean;
}
