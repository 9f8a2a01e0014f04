import { kindOf } from './kind-of.ts';

/**
 * A function of one number that an expression passes to `s.special`, as its code is long: so only what uses it holds it. There
 * is one for each of two names, and every executor has code for both.
 */
export interface SpecialFunction {
  readonly name: 'erf' | 'erfc';
  /** The function of plain numbers. */
  readonly of: (x: number) => number;
}

const made = /* @__PURE__ */ new WeakSet<object>();

export function specialFunction(name: SpecialFunction['name'], of: SpecialFunction['of']): SpecialFunction {
  const special = Object.freeze({ name, of });
  made.add(special);
  return special;
}

/** @throws TypeError naming the op, for what is not one of ours: its name gets into source */
export function checkSpecial(op: string, f: unknown): void {
  if (!made.has(f as object))
    throw new TypeError(`${op}: s.special takes errorFunction or errorFunctionComplement, got ${kindOf(f)}`);
}
