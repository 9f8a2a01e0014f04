import type { Scalar } from '../scalar.ts';
import { algebraOf, type Primitive } from './algebra.ts';
import type { Expr } from './ir.ts';

/*
 * A table of all algebraic rewrites of expressions. Both sides of a row are written in the algebra, so that a test can
 * compare them as numbers, for special and random values. Values for which the row does not hold are left out.
 */

/** The algebra of rows: the algebra of ops, and whole-number arithmetic. */
export interface RuleAlgebra<T> extends Scalar<T> {
  plus(a: T, b: T): T;
  times(a: T, b: T): T;
}

type Side = <T>(s: RuleAlgebra<T>, a: T, b: T, c: T) => T;

/** A row of the table: a pattern, and an equal expression that replaces it. */
export interface Rule {
  readonly name: string;
  readonly pattern: Side;
  readonly result: Side;
  /**
   * True for numbers for which both sides are equal. Default: all numbers. Equal means to the bit (all NaNs count as equal),
   * except for what `ulps` and `losesSignOfZero` allow.
   */
  readonly holds?: (a: number, b: number, c: number) => boolean;
  /** The largest difference of the sides, in units in the last place. Default 0. */
  readonly ulps?: number;
  /** True for a rule of whole numbers, which are positions and lengths. */
  readonly isWhole?: true;
  /** True if the sides may differ in the sign of a zero. */
  readonly losesSignOfZero?: true;
  /**
   * True for a guess, which finite results confirm: if `holds` is false, the result must be NaN. Only plans that may
   * guess use such a row. Its result a·b replaces a product that is 0 where a is 0. See guesses.ts.
   */
  readonly isGuess?: true;
}

/** The table. Names of rules for positions and lengths begin with `whole`. */
export const rules: readonly Rule[] = [
  { name: 'one times', pattern: (s, a) => s.mul(s.constant(1), a), result: (_, a) => a },
  { name: 'times one', pattern: (s, a) => s.mul(a, s.constant(1)), result: (_, a) => a },
  { name: 'minus zero', pattern: (s, a) => s.sub(a, s.constant(0)), result: (_, a) => a },
  { name: 'plus minus zero', pattern: (s, a) => s.add(a, s.constant(-0)), result: (_, a) => a },
  { name: 'over one', pattern: (s, a) => s.div(a, s.constant(1)), result: (_, a) => a },
  { name: 'twice negative', pattern: (s, a) => s.neg(s.neg(a)), result: (_, a) => a },
  { name: 'first power', pattern: (s, a) => s.pow(a, s.constant(1)), result: (_, a) => a },
  // The product is rounded correctly; `pow` may be off by one unit in the last place.
  {
    name: 'second power',
    pattern: (s, a) => s.pow(a, s.constant(2)),
    result: (s, a) => s.mul(a, a),
    ulps: 1,
  },
  { name: 'equal branches', pattern: (s, a, b) => s.select(b, a, a), result: (_, a) => a },
  {
    name: 'masked product as a plain one',
    pattern: (s, a, b) => s.select(s.equal(a, s.constant(0)), s.constant(0), s.mul(a, b)),
    result: (s, a, b) => s.mul(a, b),
    holds: isPlainProduct,
    losesSignOfZero: true,
    isGuess: true,
  },
  {
    name: 'product masked by its second factor as a plain one',
    pattern: (s, a, b) => s.select(s.equal(a, s.constant(0)), s.constant(0), s.mul(b, a)),
    result: (s, a, b) => s.mul(a, b),
    holds: isPlainProduct,
    losesSignOfZero: true,
    isGuess: true,
  },
  {
    name: 'whole zero plus',
    pattern: (s, a) => s.plus(s.constant(0), a),
    result: (_, a) => a,
    isWhole: true,
  },
  {
    name: 'whole plus zero',
    pattern: (s, a) => s.plus(a, s.constant(0)),
    result: (_, a) => a,
    isWhole: true,
  },
  {
    name: 'whole times one',
    pattern: (s, a) => s.times(a, s.constant(1)),
    result: (_, a) => a,
    isWhole: true,
  },
  {
    name: 'whole one times',
    pattern: (s, a) => s.times(s.constant(1), a),
    result: (_, a) => a,
    isWhole: true,
  },
  {
    name: 'whole times zero',
    pattern: (s, a) => s.times(a, s.constant(0)),
    result: s => s.constant(0),
    isWhole: true,
  },
  {
    name: 'whole zero times',
    pattern: (s, a) => s.times(s.constant(0), a),
    result: s => s.constant(0),
    isWhole: true,
  },
];

/** True if a·b equals the product masked by a: 0·b is 0 only for a finite b. */
function isPlainProduct(a: number, b: number): boolean {
  return a !== 0 || Number.isFinite(b);
}

/** A side of a row as a tree. A variable matches any expression, or any condition where a condition is expected. */
export type Pattern =
  | { readonly kind: 'variable'; readonly number: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: Expr['kind']; readonly args: readonly Pattern[] };

const variables: readonly Pattern[] = [0, 1, 2].map(number => ({ kind: 'variable', number }));

/** The tree of a side, with conditions as in the IR: a comparison used as a number becomes its indicator. */
function patternOf(side: Side): Pattern {
  const apply = (kind: Primitive | 'plus' | 'times', args: readonly Pattern[]): Pattern => {
    if (kind === 'less' || kind === 'equal') return { kind: 'indicator', args: [{ kind, args }] };
    if (kind !== 'select') return { kind, args };
    const [condition, ...branches] = args as [Pattern, Pattern, Pattern];
    const isComparison = condition.kind === 'indicator' && 'args' in condition;
    return { kind, args: [isComparison ? (condition.args[0] as Pattern) : condition, ...branches] };
  };
  const algebra: RuleAlgebra<Pattern> = {
    ...algebraOf<Pattern>(
      value => ({ kind: 'constant', value }),
      apply,
      () => {
        throw new Error('a rule has no special functions');
      },
    ),
    plus: (a, b) => apply('plus', [a, b]),
    times: (a, b) => apply('times', [a, b]),
  };
  return side(algebra, ...(variables as [Pattern, Pattern, Pattern]));
}

/** A row ready to be matched. */
export interface Matcher {
  readonly rule: Rule;
  readonly args: readonly Pattern[];
}

/** The rows, by the operation at the root of their pattern. */
export const matchers: ReadonlyMap<string, readonly Matcher[]> = grouped();

/** Collects the rows by the operation at the root of their pattern. */
function grouped(): Map<string, Matcher[]> {
  const byKind = new Map<string, Matcher[]>();
  for (const rule of rules) {
    const root = patternOf(rule.pattern);
    if (!('args' in root)) throw new Error(`rule "${rule.name}": its pattern must be an operation`);
    byKind.set(root.kind, [...(byKind.get(root.kind) ?? []), { rule, args: root.args }]);
  }
  return byKind;
}

/** The expressions that match the variables of a row; undefined if the row does not fit. */
export function matched({ args: patterns }: Matcher, args: readonly Expr[]): Expr[] | undefined {
  const variables: Expr[] = [];
  const fits = (pattern: Pattern, expr: Expr): boolean => {
    if (pattern.kind === 'variable' && 'number' in pattern) {
      const earlier = variables[pattern.number];
      variables[pattern.number] = expr;
      return earlier === undefined || earlier === expr;
    }
    if (pattern.kind === 'constant' && 'value' in pattern)
      return expr.kind === 'constant' && Object.is(expr.value, pattern.value);
    if (expr.kind !== pattern.kind || !('args' in pattern)) return false;
    return pattern.args.every((argPattern, i) => fits(argPattern, expr.args[i] as Expr));
  };
  return patterns.every((pattern, i) => fits(pattern, args[i] as Expr)) ? variables : undefined;
}
