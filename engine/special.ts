import { kindOf } from './kind-of.ts';

/**
 * A function of one number for `s.special`. Since its code is long, it is not an operation of the algebra but an
 * argument of one: a bundle includes it only if it is used. There are two such functions, and every executor has code
 * for both.
 */
export interface SpecialFunction {
  /** The name by which an executor finds its own code for the function. */
  readonly name: 'erf' | 'erfc';
  /** Computes the function of a plain number. */
  readonly of: (x: number) => number;
}

const specialFunctions = /* @__PURE__ */ new WeakSet<object>();

/** Makes a special function that {@link checkSpecial} accepts. */
export function specialFunction(name: SpecialFunction['name'], of: SpecialFunction['of']): SpecialFunction {
  const special = Object.freeze({ name, of });
  specialFunctions.add(special);
  return special;
}

/**
 * Checks that `f` is a special function of the library, so that its name is safe to use in generated source.
 *
 * @throws TypeError naming the op if it is not
 */
export function checkSpecial(op: string, f: unknown): void {
  if (!specialFunctions.has(f as object))
    throw new TypeError(`${op}: s.special takes errorFunction or errorFunctionComplement, got ${kindOf(f)}`);
}
