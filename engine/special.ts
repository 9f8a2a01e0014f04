import { kindOf } from './kind-of.ts';

/**
 * A function of one number that an expression passes to `s.special`, as its code is long: so only what uses it holds it. There
 * is one for each of two names, and every executor has code for both.
 */
export class SpecialFunction {
  readonly name: 'erf' | 'erfc';
  /** The function of plain numbers. */
  readonly of: (x: number) => number;
  readonly #isOne = true;

  constructor(name: 'erf' | 'erfc', of: (x: number) => number) {
    if (name !== 'erf' && name !== 'erfc') throw new TypeError(`there is no special function ${name}`);
    this.name = name;
    this.of = of;
    Object.freeze(this);
  }

  /** @throws TypeError naming the op, for anything else: its name gets into source */
  static check(op: string, f: unknown): void {
    if (typeof f !== 'object' || f === null || !(#isOne in f))
      throw new TypeError(
        `${op}: s.special takes errorFunction or errorFunctionComplement, got ${kindOf(f)}`,
      );
  }
}
