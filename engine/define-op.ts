import type { ArityOf, Form } from './forms.ts';
import { kindOf } from './kind-of.ts';
import { KnownOp } from './known-op.ts';
import {
  checkList,
  checkValue,
  isValue,
  type Op,
  type Operand,
  type Tuple,
  type Value,
  type Vjp,
} from './tape.ts';

/**
 * An op whose form is the same at each use. It may be called with its `N` operands, or be passed to the `map` or
 * `reduce` of an array, which also pass an index and the array.
 */
export type FixedOp<N extends number> = ((...operands: Tuple<Operand, N>) => Value) &
  ((...operandsOfList: [...operands: Tuple<Operand, N>, index: number, list: readonly Value[]]) => Value);

/** An op whose form depends on attributes. It is called with a list of its `N` inputs, then the attributes. */
export type AttributedOp<Attributes extends readonly unknown[], N extends number> = (
  inputs: Tuple<Value, N>,
  ...attributes: Attributes
) => Value;

/**
 * Makes an op from a forward form and a VJP rule for each input; the shape follows from the form. TypeScript checks
 * that there are as many rules as the form has inputs, and as many operands at each call. Nothing is registered anywhere.
 *
 * `forward` is a form, or a function from attributes to one. Rules are written in ops, so derivatives of any order
 * work. In a rule, use `scaled` to multiply `g` by a number that may be infinite or NaN.
 *
 * @throws TypeError if `name` or `vjp` has a wrong type. The op throws one, too, if it is called on numbers alone, on a
 * list, or with another number of operands than it has rules
 * @example
 * const cube = defineOp({
 *   name: 'cube',
 *   forward: map((s, x) => s.mul(x, s.mul(x, x))),
 *   vjp: [(g, _ans, x) => scaled(g, mul(3, square(x)))],
 * });
 * const y = sum(cube(x));
 */
export function defineOp<F extends Form, Attributes extends readonly unknown[]>(definition: {
  name: string;
  forward: (...attributes: Attributes) => F;
  vjp: Vjp<F, ArityOf<F>>;
}): AttributedOp<Attributes, ArityOf<F>>;
export function defineOp<F extends Form>(definition: {
  name: string;
  forward: F;
  vjp: Vjp<F, ArityOf<F>>;
}): FixedOp<ArityOf<F>>;
export function defineOp<F extends Form, Attributes extends readonly unknown[]>(
  definition: Definition<F, Attributes>,
): FixedOp<number> | AttributedOp<Attributes, number> {
  const { name, vjp } = definition;
  if (typeof name !== 'string') throw new TypeError(`defineOp: name must be a string, got ${kindOf(name)}`);
  checkRules(name, vjp);
  return opOf(definition, { name, vjp });
}

/** {@link defineOp} for the library's own ops, whose rules meet the condition of {@link KnownOp}. */
export const defineKnownOp: typeof defineOp = (<F extends Form, Attributes extends readonly unknown[]>(
  definition: Definition<F, Attributes>,
) => opOf(definition, new KnownOp(definition.name, definition.vjp))) as typeof defineOp;

/** The argument of {@link defineOp}. */
interface Definition<F extends Form, Attributes extends readonly unknown[]> {
  readonly name: string;
  readonly forward: F | ((...attributes: Attributes) => F);
  readonly vjp: Vjp<F>;
}

/** The function that records an op. */
function opOf<F extends Form, Attributes extends readonly unknown[]>(
  { name, forward, vjp }: Definition<F, Attributes>,
  op: Op<F>,
): FixedOp<number> | AttributedOp<Attributes, number> {
  const apply = (form: F, operands: readonly Operand[]): Value => {
    const tape = operands.find(isValue)?.tape;
    if (!tape) throw noTapeError(name, operands);
    return tape.record(op, form, operands);
  };
  if (typeof forward === 'function') {
    return (inputs: readonly Value[], ...attributes: Attributes) => {
      checkList(name, inputs, '[x]');
      return apply(forward(...attributes), inputs);
    };
  }
  return (...args: unknown[]) => apply(forward, operandsOf(args, vjp));
}

/**
 * The operands of a call. `values.map(exp)` and `values.reduce(add)` also pass an index and the list, which are
 * dropped. Since no op takes a list as an operand, this never drops an operand.
 */
function operandsOf(args: readonly unknown[], vjp: Vjp): readonly Operand[] {
  let operands = args;
  if (typeof vjp !== 'function' && args.length === vjp.length + 2) {
    const [index, list] = args.slice(-2);
    if (typeof index === 'number' && Array.isArray(list)) operands = args.slice(0, -2);
  }
  return operands as readonly Operand[];
}

function checkRules(name: string, vjp: unknown): void {
  const isRule = (rule: unknown) => rule === null || typeof rule === 'function';
  if (typeof vjp === 'function' || (Array.isArray(vjp) && vjp.every(isRule))) return;
  throw new TypeError(
    `${name}: vjp must be a list with a derivative rule for each operand: a function, or null where the derivative is zero everywhere`,
  );
}

/** The error for a call without a value: there is no tape to record on. */
function noTapeError(name: string, operands: readonly unknown[]): TypeError {
  for (const [position, operand] of operands.entries())
    if (typeof operand !== 'number') checkValue(name, operand, position);
  return new TypeError(`${name}: at least one operand must be a value; for numbers alone use Math`);
}
