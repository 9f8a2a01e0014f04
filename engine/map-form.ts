import { kindOf } from './kind-of.ts';
import { type Expression, numbers, type Scalar } from './scalar.ts';
import { checkSpecial } from './special.ts';

/** One number of the result from one number of each input, which broadcast. */
export interface MapForm {
  readonly kind: 'map';
  readonly expression: Expression;
}

/** A map form that nobody can change, and which knows for how many inputs its expression has been read. */
class FrozenMap implements MapForm {
  readonly kind = 'map';
  readonly expression: Expression;
  #inputs = 0;

  constructor(expression: Expression) {
    this.expression = expression;
    Object.freeze(this);
  }

  static isOne(form: MapForm): form is FrozenMap {
    return #inputs in form;
  }

  /** Reads the expression, unless it has been read for as many inputs. */
  check(op: string, inputs: number): void {
    if (this.#inputs === inputs) return;
    checkOnce(op, this.expression, inputs);
    this.#inputs = inputs;
  }
}

/** The form as one that nobody can change. Most are already, as ops are made once. */
export function frozenMap(form: MapForm): MapForm {
  if (FrozenMap.isOne(form)) return form;
  const { expression } = form;
  if (typeof expression !== 'function')
    throw new TypeError(
      `map: its expression must be a function of the algebra s and the inputs, got ${kindOf(expression)}`,
    );
  return new FrozenMap(expression);
}

/**
 * Reads the expression of a form made by {@link frozenMap} once for each number of inputs, to see that it is written in
 * the algebra alone: with plain numbers it would compute in the interpreter, and fail where it is compiled.
 *
 * @throws TypeError naming the op, the operation and the argument
 */
export function checkExpression(op: string, form: MapForm, inputs: number): void {
  if (FrozenMap.isOne(form)) form.check(op, inputs);
  else checkOnce(op, form.expression, inputs);
}

/** The numbers of inputs for which each expression has been read: forms come and go, their expressions may stay. */
const known = new WeakMap<Expression, number[]>();

function checkOnce(op: string, expression: Expression, inputs: number): void {
  const counts = known.get(expression);
  if (counts?.includes(inputs)) return;
  read(op, expression, inputs);
  if (counts) counts.push(inputs);
  else known.set(expression, [inputs]);
}

/** The inputs of an expression are the arguments of a call, within one that recorded it: the stack has room for both. */
const mostInputs = 30_000;

/** The op whose expression is being read, for the messages. */
let reading = { op: '', inputs: 0 };

/** Stands for a number while an expression is read; JavaScript's own operators cannot take it. */
class Stand {
  [Symbol.toPrimitive](): never {
    throw new TypeError(
      `${reading.op}: its expression computes with operators or Math, which no executor can compile; write s.add, s.mul, s.exp, …`,
    );
  }
}

const stand = Object.freeze(new Stand());

/** The algebra that only checks the arguments of its operations. */
const looking: Scalar<Stand> = Object.freeze({
  ...(Object.fromEntries(
    Object.entries(numbers).map(([name, { length }]) => {
      const operation = (...args: unknown[]) => {
        for (let i = 0; i < length; i++) if (args[i] !== stand) throw misfit(`s.${name}`, i, args[i]);
        return stand;
      };
      return [name, operation];
    }),
  ) as unknown as Scalar<Stand>),
  special: (f: unknown, argument: unknown) => {
    checkSpecial(reading.op, f);
    if (argument !== stand) throw misfit('s.special', 1, argument);
    return stand;
  },
  constant: (value: unknown) => {
    if (typeof value === 'number') return stand;
    throw new TypeError(`${reading.op}: s.constant takes a number, got ${kindOf(value)}`);
  },
});

function read(op: string, expression: Expression, inputs: number): void {
  if (inputs > mostInputs)
    throw new RangeError(`${op}: an expression takes at most ${mostInputs} inputs, got ${inputs}`);
  reading = { op, inputs };
  const result: unknown = expression(looking, ...new Array<Stand>(inputs).fill(stand));
  if (result !== stand)
    throw new TypeError(
      `${op}: its expression gives ${kindOf(result)}; it must give what an operation of s gives`,
    );
}

function misfit(operation: string, position: number, argument: unknown): Error {
  const { op, inputs } = reading;
  const what = `${op}: ${operation}: argument ${position + 1} is ${kindOf(argument)}`;
  if (typeof argument === 'number') return new TypeError(`${what}; write s.constant(${argument})`);
  return new TypeError(
    argument === undefined
      ? `${what}; the op has ${inputs} ${inputs === 1 ? 'operand' : 'operands'}, one for each of its rules`
      : `${what}; it takes what operations of s give`,
  );
}
