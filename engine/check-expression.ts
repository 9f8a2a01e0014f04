import { type Expression, numbers, type Scalar } from './scalar.ts';

/** What stands for a number while an expression is read; JavaScript's own operators cannot take it. */
class Stand {
  readonly #op: string;

  constructor(op: string) {
    this.#op = op;
  }

  [Symbol.toPrimitive](): never {
    throw new TypeError(
      `${this.#op}: its expression computes with operators or Math, which no executor can compile; write s.add, s.mul, s.exp, …`,
    );
  }
}

/**
 * Reads an op's expression once, to see that it is written in the algebra alone: with plain numbers it would compute in
 * the interpreter, and fail where it is compiled.
 *
 * @throws TypeError naming the op, the operation and the argument
 */
export function checkExpression(op: string, expression: Expression, inputs: number): void {
  const operations = Object.entries(numbers).map(([name, { length }]) => {
    const operation = (...args: unknown[]) => {
      for (let i = 0; i < length; i++) {
        if (!(args[i] instanceof Stand)) throw new TypeError(misfit(op, `s.${name}`, i, args[i], inputs));
      }
      return new Stand(op);
    };
    return [name, operation] as const;
  });
  const constant = (value: unknown) => {
    if (typeof value === 'number') return new Stand(op);
    throw new TypeError(`${op}: s.constant takes a number, got ${kindOf(value)}`);
  };
  const s = { ...Object.fromEntries(operations), constant } as unknown as Scalar<Stand>;
  const result: unknown = expression(s, ...Array.from({ length: inputs }, () => new Stand(op)));
  if (!(result instanceof Stand))
    throw new TypeError(
      `${op}: its expression gives ${kindOf(result)}; it must give what an operation of s gives`,
    );
}

function misfit(op: string, operation: string, position: number, argument: unknown, inputs: number): string {
  const what = `${op}: ${operation}: argument ${position + 1} is ${kindOf(argument)}`;
  if (typeof argument === 'number') return `${what}; write s.constant(${argument})`;
  return argument === undefined
    ? `${what}; the op has ${inputs} ${inputs === 1 ? 'operand' : 'operands'}, one for each of its rules`
    : `${what}; it takes what operations of s give`;
}

function kindOf(thing: unknown): string {
  if (typeof thing === 'number') return `the number ${thing}`;
  return thing === undefined || thing === null ? `${thing}` : `a ${typeof thing}`;
}
