import { type Expression, numbers, type Scalar } from '../scalar.ts';
import type { SpecialFunction } from '../special.ts';

/** The primitives of the algebra, by name. */
export type Primitive = Exclude<keyof Scalar<unknown>, 'constant' | 'special'>;

export const primitives: readonly Primitive[] = Object.keys(numbers).filter(
  name => name !== 'constant' && name !== 'special',
) as Primitive[];

/** An algebra made from three functions, for constants, primitives and special functions. */
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

/** An expression as text, the same for functions with the same operations. Shared parts are numbered, not repeated. */
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
    numberText,
    (kind, args) => name(`${kind}(${args})`),
    (f, arg) => name(`${f.name}(${arg})`),
  );
  const arrived = Array.from({ length: inputs }, (_, i) => `x${i}`);
  const result = expression(algebra, ...arrived);
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

const costOfSpecial = 50;

let cost = 0;

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

const knownCosts = new WeakMap<Expression, number[]>();

/** The cost of computing an expression once, in additions. */
export function costOf(expression: Expression, inputs: number): number {
  const known = knownCosts.get(expression) ?? [];
  knownCosts.set(expression, known);
  const before = known[inputs];
  if (before !== undefined) return before;
  cost = 0;
  expression(counting, ...new Array<number>(inputs).fill(0));
  known[inputs] = cost;
  return cost;
}
