import { map, type ReduceForm } from '../forms.ts';
import { textOf } from './algebra.ts';
import { type Expr, type Sink, type Taint, walkExprs } from './ir.ts';
import type { Make, Node, Placement } from './node.ts';
import { sameSizes } from './sizes.ts';

/*
 * Guesses: rewrites that are right for almost all numbers, and whose results are not finite when they are wrong. If all
 * results of a plan with guesses are finite, its guesses were right. If not, the tape runs again by a plan without
 * guesses: either a guess was wrong, or the results really are not finite. There are two guesses:
 *
 * - masked: a masked product, which is 0 where g is 0 and g·f elsewhere (as in `scaled`), is computed as the plain g·f.
 *   This saves a comparison for each product, a quarter of a pair loop's time. It is wrong if g is 0 and f is not finite;
 *   the plain product is NaN then. (It may also change the sign of a zero.)
 * - exchanged: two sums are exchanged, so that numbers are summed as they are computed: see {@link exchange}. It is
 *   wrong if a sum overflows, or if a row that no index picks is not finite; the result is NaN or infinite then.
 *
 * A wrong number must not vanish on its way to the results. So each expression has a taint, which says whether it may
 * be NaN or infinite if a guess that it depends on is wrong. If an operation could turn such a number into a finite one
 * (see {@link swallows}), the plan is unsure, and is made again with fewer guesses. A wrong entry does no harm if no
 * result reads it.
 */

/** The guesses that a plan may make. */
export interface Guesses {
  readonly masked: boolean;
  readonly exchanged: boolean;
}

/** No guesses: the plan is right for all numbers. */
export const noGuesses: Guesses = { masked: false, exchanged: false };

/** Sets of guesses, in the order in which plans are tried until one is sure. */
export const guessesInOrder: readonly Guesses[] = [
  { masked: true, exchanged: true },
  { masked: true, exchanged: false },
  noGuesses,
];

/** The taint of each kind of guess. */
export const taintOfGuess: Readonly<Record<'masked' | 'exchanged', Taint>> = { masked: 1, exchanged: 2 };

/** Operations that may turn a NaN into a finite number, or distinguish 0 from −0. */
const swallowsNaN = new Set<Expr['kind']>(['less', 'equal', 'nonzero', 'pow', 'atan2']);

/** Operations that may turn an infinite number into a finite one. */
const swallowsInfinity = new Set<Expr['kind']>([
  ...(['exp', 'expm1', 'tanh', 'special', 'min', 'max', 'sign', 'largest'] as const),
]);

/** True if an operation may give a correct-looking result for a wrong number as argument `position`. */
export function swallows(kind: Expr['kind'], position: number, taint: Taint): boolean {
  if (taint === 0) return false;
  // As a divisor, a wrong number can give a finite result: 1/∞ is 0. The sign of a zero matters too: 1/0 and 1/−0
  // differ.
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

/** The texts of the products in a sum that may be exchanged: those of `mul` and `scaled`. */
const products = new Set(
  [
    map((s, a, b) => s.mul(a, b)),
    map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  ].map(({ expression }) => textOf(expression, 2)),
);

/**
 * Exchanges the order of summation in a sum of products of a gathered and a computed number:
 *
 *     Σ_p table[index[p]]·f[p] = Σ_a table[a]·(Σ_{p: index[p] = a} f[p])
 *
 * On the right f is summed as it is computed, and need not be stored until the table is known: a forward and a backward
 * loop over the same pairs become one. The sum may run over more axes than that of p. Returns the terms to sum instead;
 * undefined if the product is not of this form, or its first axis is not summed.
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
  const sums = make({ kind: 'scatter', placements, overlaps: true }, [f], table.shape, `rows ${index.id}`);
  return make({ ...form, isExchanged: true }, [table, sums], table.shape, `${form.text} exchanged`);
}
