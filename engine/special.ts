import { kindOf } from './kind-of.ts';

/**
 * A function of one number for `s.special`. Its code is long, so it is passed as an argument: a bundle includes it only
 * if it is used. There are two such functions, and every executor has code for both.
 */
export interface SpecialFunction {
  /** A name by which an executor knows its code. */
  readonly name: 'erf' | 'erfc';
  /** The function of plain numbers. */
  readonly of: (x: number) => number;
}

const specialFunctions = /* @__PURE__ */ new WeakSet<object>();

/** Makes a special function that {@link checkSpecial} accepts. */
export function specialFunction(name: SpecialFunction['name'], of: SpecialFunction['of']): SpecialFunction {
  const special = Object.freeze({ name, of });
  specialFunctions.add(special);
  return special;
}

/** @throws TypeError naming the op unless `f` is a special function of the library, whose name is safe in source */
export function checkSpecial(op: string, f: unknown): void {
  if (!specialFunctions.has(f as object))
    throw new TypeError(`${op}: s.special takes errorFunction or errorFunctionComplement, got ${kindOf(f)}`);
}
