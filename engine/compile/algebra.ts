import { type Expression, numbers, type Scalar } from '../scalar.ts';
import type { SpecialFunction } from '../special.ts';

/** The primitives of the algebra, by name. */
export type Primitive = Exclude<keyof Scalar<unknown>, 'constant' | 'special'>;

/** The names of all primitives. */
export const primitives: readonly Primitive[] = Object.keys(numbers).filter(
  name => name !== 'constant' && name !== 'special',
) as Primitive[];

/** An algebra whose operations are given by three functions: for constants, primitives and special functions. */
export function algebraOf<T>(
  constant: (number: number) => T,
  apply: (kind: Primitive, args: readonly T[]) => T,
  special: (f: SpecialFunction, arg: T) => T,
): Scalar<T> {
  const operations = primitives.map(kind => [kind, (...args: T[]) => apply(kind, args)] as const);
  return { constant, special, ...Object.fromEntries(operations) } as unknown as Scalar<T>;
}

/** A number as text; −0 and 0 differ. */
export function numberText(number: number): string {
  return Object.is(number, -0) ? '-0' : `${number}`;
}

/** An expression as text. Functions with the same operations have the same text, in which shared parts appear once. */
export function textOf(expression: Expression, inputs: number): string {
  const steps: string[] = [];
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    const name = names.get(text) ?? `#${steps.push(text)}`;
    names.set(text, name);
    return name;
  };
  const algebra = algebraOf<string>(
    numberText,
    (kind, args) => nameOf(`${kind}(${args})`),
    (f, arg) => nameOf(`${f.name}(${arg})`),
  );
  const variables = Array.from({ length: inputs }, (_, i) => `x${i}`);
  const result = expression(algebra, ...variables);
  return `${steps.join(';')}>${result}`;
}

/** Rough costs of primitives, in additions. */
const costs: Partial<Record<Primitive, number>> = {
  exp: 20,
  expm1: 25,
  log: 20,
  log1p: 25,
  pow: 40,
  sin: 20,
  cos: 20,
  tanh: 30,
  atan2: 40,
  sqrt: 6,
  div: 4,
};

/** The cost of a special function, in additions. */
const costOfSpecial = 50;

/** The cost counted so far by {@link counting}. */
let cost = 0;

/** An algebra that adds up the costs of its operations. */
const counting = algebraOf<number>(
  () => 0,
  kind => {
    cost += costs[kind] ?? 1;
    return 0;
  },
  () => {
    cost += costOfSpecial;
    return 0;
  },
);

/** The results of {@link costOf} so far: for each expression, the costs by the number of inputs. */
const costsByExpression = new WeakMap<Expression, number[]>();

/** The cost of computing an expression of `inputs` inputs once, in additions. */
export function costOf(expression: Expression, inputs: number): number {
  const costsByInputs = costsByExpression.get(expression) ?? [];
  costsByExpression.set(expression, costsByInputs);
  const counted = costsByInputs[inputs];
  if (counted !== undefined) return counted;
  cost = 0;
  expression(counting, ...new Array<number>(inputs).fill(0));
  costsByInputs[inputs] = cost;
  return cost;
}
