import { kindOf } from './kind-of.ts';
import { type Expression, numbers, type Scalar } from './scalar.ts';
import { checkSpecial } from './special.ts';

/** An elementwise computation. It has as many inputs as its expression takes, and they broadcast. */
export interface MapForm<E extends Expression = Expression> {
  /** Name of the form. */
  readonly kind: 'map';
  /** Computes an entry of the result from an entry of each input, with the operations of the algebra. */
  readonly expression: E;
}

/** An immutable map form. It remembers the number of inputs for which its expression was checked. */
class FrozenMap implements MapForm {
  readonly kind = 'map';
  readonly expression: Expression;
  #inputs = 0;

  constructor(expression: Expression) {
    this.expression = expression;
    Object.freeze(this);
  }

  static isFrozen(form: MapForm): form is FrozenMap {
    return #inputs in form;
  }

  /** Checks the expression, unless it was last checked for the same number of inputs. */
  check(op: string, inputs: number): void {
    if (this.#inputs === inputs) return;
    checkOnce(op, this.expression, inputs);
    this.#inputs = inputs;
  }
}

/** The form itself if it is a {@link FrozenMap}, as the forms of most ops are; else an immutable copy. */
export function frozenMap(form: MapForm): MapForm {
  if (FrozenMap.isFrozen(form)) return form;
  const { expression } = form;
  if (typeof expression !== 'function')
    throw new TypeError(
      `map: its expression must be a function of the algebra s and the inputs, got ${kindOf(expression)}`,
    );
  return new FrozenMap(expression);
}

/**
 * Checks that the expression of a form uses only operations of the algebra. The check is done once for each number of
 * inputs. An expression that uses JavaScript's operators would work in the interpreter but fail when it is compiled.
 *
 * @throws TypeError naming the op, the operation and the argument
 */
export function checkExpression(op: string, form: MapForm, inputs: number): void {
  if (FrozenMap.isFrozen(form)) form.check(op, inputs);
  else checkOnce(op, form.expression, inputs);
}

/** For each expression, the numbers of inputs for which it was checked. Many forms may share an expression. */
const checkedCounts = new WeakMap<Expression, number[]>();

/** Checks an expression, unless it was checked for the same number of inputs. */
function checkOnce(op: string, expression: Expression, inputs: number): void {
  const counts = checkedCounts.get(expression);
  if (counts?.includes(inputs)) return;
  applyToPlaceholders(op, expression, inputs);
  if (counts) counts.push(inputs);
  else checkedCounts.set(expression, [inputs]);
}

/** The most inputs of an expression. It gets all of them as arguments of one call, which must fit on the stack. */
const mostInputs = 30_000;

/** The op whose expression is being checked, for error messages. */
let checking = { op: '', inputs: 0 };

/** A placeholder for a number while an expression is checked; JavaScript's operators throw on it. */
class Placeholder {
  [Symbol.toPrimitive](): never {
    throw new TypeError(
      `${checking.op}: its expression computes with operators or Math, which no executor can compile; write s.add, s.mul, s.exp, …`,
    );
  }
}

const placeholder = Object.freeze(new Placeholder());

/** An algebra that only checks the arguments of its operations. */
const checkingAlgebra: Scalar<Placeholder> = Object.freeze({
  ...(Object.fromEntries(
    // The `length` of a function is the number of its operands.
    Object.entries(numbers).map(([name, { length }]) => {
      const operation = (...args: unknown[]) => {
        for (let i = 0; i < length; i++)
          if (args[i] !== placeholder) throw misfitError(`s.${name}`, i, args[i]);
        return placeholder;
      };
      return [name, operation];
    }),
  ) as unknown as Scalar<Placeholder>),
  // The operand of `special` is its second argument, at position 1; the first is the function.
  special: (f: unknown, argument: unknown) => {
    checkSpecial(checking.op, f);
    if (argument !== placeholder) throw misfitError('s.special', 1, argument);
    return placeholder;
  },
  constant: (value: unknown) => {
    if (typeof value === 'number') return placeholder;
    throw new TypeError(`${checking.op}: s.constant takes a number, got ${kindOf(value)}`);
  },
});

/** Applies an expression to placeholders, which throw for anything but operations of the algebra. */
function applyToPlaceholders(op: string, expression: Expression, inputs: number): void {
  if (inputs > mostInputs)
    throw new RangeError(`${op}: an expression takes at most ${mostInputs} inputs, got ${inputs}`);
  checking = { op, inputs };
  const result: unknown = expression(checkingAlgebra, ...new Array<Placeholder>(inputs).fill(placeholder));
  if (result !== placeholder)
    throw new TypeError(
      `${op}: its expression gives ${kindOf(result)}; it must return the result of an operation of s`,
    );
}

/** The error for an argument that is not the result of an operation. */
function misfitError(operation: string, position: number, argument: unknown): Error {
  const { op, inputs } = checking;
  const what = `${op}: ${operation}: argument ${position + 1} is ${kindOf(argument)}`;
  if (typeof argument === 'number') return new TypeError(`${what}; write s.constant(${argument})`);
  return new TypeError(
    argument === undefined
      ? `${what}; the op has ${inputs} ${inputs === 1 ? 'operand' : 'operands'}, one for each of its rules`
      : `${what}; it must be the result of an operation of s`,
  );
}
