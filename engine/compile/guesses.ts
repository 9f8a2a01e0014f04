import { map, type ReduceForm } from '../forms.ts';
import { textOf } from './algebra.ts';
import { type Expr, type Sink, type Taint, walkExprs } from './ir.ts';
import type { Make, Node, Placement } from './node.ts';
import { sameSizes } from './sizes.ts';

/*
 * Guesses: rewrites that are right for almost all numbers, and whose results tell where they were not. A plan that guesses
 * computes what it guessed; if all its results are finite, the guesses are proved; if not, the tape runs again by a plan
 * without guesses, which tells whether they were wrong or the numbers really are not finite. There are two:
 *
 * masked   The product of a cotangent, 0 where g is 0 and else g·f (the shape of `scaled`), is taken for the plain one. It
 *          saves a comparison for each product, a quarter of a pair loop's time. Where it is wrong, g is 0 and f is not
 *          finite, and the plain product is NaN. (It may also change the sign of a zero.)
 * turned   A sum over rows of gathered times computed numbers is turned round: see {@link exchange}. Where it is wrong,
 *          a sum overflowed or a row that no index picks is infinite, and the product is NaN or infinite.
 *
 * The proof needs that a wrong number cannot vanish on its way to the results. So an expression that depends on a guess
 * carries a taint (what it is where the guess is wrong), and where an operation could swallow that, the plan is unsure and
 * made again with fewer guesses. {@link swallows} is that table. An entry that no result reads may be wrong.
 */

/** Guesses that a plan may make, tried in this order until one is sure. */
export interface Guesses {
  readonly masked: boolean;
  readonly turned: boolean;
}

export const noGuesses: Guesses = { masked: false, turned: false };

export const guessesInOrder: readonly Guesses[] = [
  { masked: true, turned: true },
  { masked: true, turned: false },
  noGuesses,
];

/** The taint of a wrong guess of each kind. */
export const taintOfGuess: Readonly<Record<'masked' | 'turned', Taint>> = { masked: 1, turned: 2 };

/** Operations that may give a finite number of a NaN, or tell 0 from −0. */
const swallowsNaN = new Set<Expr['kind']>(['less', 'equal', 'nonzero', 'pow', 'atan2']);

/** Operations that may give a finite number of an infinite one. */
const swallowsInfinity = new Set<Expr['kind']>([
  ...(['exp', 'expm1', 'tanh', 'special', 'min', 'max', 'sign', 'largest'] as const),
]);

/** True if a wrong number as argument `position` could vanish in an operation. */
export function swallows(kind: Expr['kind'], position: number, taint: Taint): boolean {
  if (taint === 0) return false;
  // Over 0 and −0 lie +∞ and −∞, and under ∞ lies 0.
  if (swallowsNaN.has(kind) || (kind === 'div' && position === 1)) return true;
  return taint === 2 && swallowsInfinity.has(kind);
}

/** True if a wrong guess could vanish on the way to some sinks. */
export function isUnsure(sinks: readonly Sink[]): boolean {
  let unsure = sinks.some(({ kind, value }) => {
    return (kind === 'largest' || kind === 'fold-largest') && swallows('largest', 0, value.taint);
  });
  walkExprs(
    sinks.flatMap(({ value, at }) => [value, ...at]),
    ({ kind, args }) => {
      if (args.some((arg, position) => swallows(kind, position, arg.taint))) unsure = true;
    },
  );
  return unsure;
}

/** The products that a sum may be exchanged with: those of `mul` and `scaled`. */
const products = new Set(
  [
    map((s, a, b) => s.mul(a, b)),
    map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  ].map(({ expression }) => textOf(expression, 2)),
);

/**
 * A sum over rows of gathered times computed numbers, turned round:
 *
 *     Σ_p g[index[p]]·f[p] = Σ_a g[a]·(Σ_{p: index[p] = a} f[p])
 *
 * On the right f is summed as it comes about, so it need not be stored until g is known: a forward and a backward loop
 * over the same pairs become one. It pays only where the rows are added up whole. Gives the terms to sum instead.
 */
export function exchange({ reducer, axes }: ReduceForm, product: Node, make: Make): Node | undefined {
  const { form, inputs } = product;
  if (reducer !== 'sum' || form.kind !== 'map' || inputs.length !== 2 || !axes.includes(0)) return undefined;
  if (!products.has(textOf(form.expression, 2))) return undefined;
  const [g, f] = inputs as readonly [Node, Node];
  if (g.form.kind !== 'gather' || f.form.kind !== 'map' || !sameSizes(g.shape, f.shape)) return undefined;
  const [table, index] = g.inputs as readonly [Node, Node];
  if (table.form.kind === 'leaf' || index.shape.length !== 1) return undefined;
  const placements: Placement[] = [{ kind: 'rows', index }];
  const rows = make({ kind: 'scatter', placements, overlaps: true }, [f], table.shape, `rows ${index.id}`);
  return make({ ...form, isTurned: true }, [table, rows], table.shape, `${form.text} turned`);
}
